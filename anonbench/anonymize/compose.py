"""A variant, put together of its shards and of the originals that none of them changes."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from anonbench.common.errors import UserError
from anonbench.common.records import read_record, write_record
from anonbench.variants.audit import AUDIT_FILE, VariantAudit, audited, described, require_hidden
from anonbench.variants.edit_archive import ARCHIVE, EditArchive
from anonbench.variants.entry import Entry
from anonbench.variants.manifest import (
    EDIT_FILES,
    Deal,
    EditFiles,
    Manifest,
    ShardManifest,
    counted,
    withdraw,
    write_manifest,
)
from anonbench.variants.recipe import Recipe

log = logging.getLogger(__name__)


def compose_variant(
    *,
    originals: Path,
    deal: Path,
    shards: Sequence[Path],
    recipe: Recipe,
    variant: str,
    most_left: int,
    manifest: Path,
) -> None:
    """Write a variant's audit, the list of its archives and, last, its manifest; no image is read and no edit moved.

    The manifest does not depend on the number of shards.

    Parameters
    ----------
    originals
        Manifest of the variant ``original``.
    deal
        Manifest of the shards' lists (:class:`anonbench.variants.manifest.Deal`).
    shards
        The manifests of all shards, each beside its archive of edits.
    recipe
        How every shard has to have been made.
    variant
        The variant's name.
    most_left
        How many regions may be left as they were.
    manifest
        The file to write, beside :data:`anonbench.variants.manifest.EDIT_FILES` and
        :data:`anonbench.variants.audit.AUDIT_FILE`.

    Raises
    ------
    UserError
        If a shard is missing, is listed twice, or was made of other regions or by another recipe; if its archive does
        not hold exactly its edits; if the audit fails (:func:`anonbench.variants.audit.require_hidden`). Nothing is
        written then.
    """
    dealt = read_record(Deal, deal)
    title = f"{dealt.dataset} {dealt.split} {variant}"
    parts = [(path, read_record(ShardManifest, path)) for path in shards]
    for path, part in parts:
        _check(path, part, dealt, recipe, title)
    if sorted(part.shard for _, part in parts) != list(range(1, dealt.shards + 1)):
        raise UserError(f"{title} needs each of its {dealt.shards} shards once.", "Run the workflow again.")
    archives = [_archive(path, part) for path, part in parts]
    entries = _with_unchanged(originals, parts)
    audit = audited(entries, dealt.counts)
    log.info("%s: %s", title, described(audit))
    require_hidden(audit, entries, most_left, title)
    head = {"dataset": dealt.dataset, "split": dealt.split, "variant": variant, "recipe": recipe}
    withdraw(manifest)
    names = [Path(os.path.relpath(archive.path, manifest.parent)).as_posix() for archive in archives]
    write_record(manifest.parent / EDIT_FILES, EditFiles(archives=names))
    whose = {key: head[key] for key in ("dataset", "split", "variant")}
    write_record(manifest.parent / AUDIT_FILE, VariantAudit(**whose, audit=audit))
    write_manifest(manifest, Manifest(**head, images=entries, counts=counted(entries), audit=audit))


def _check(path: Path, part: ShardManifest, deal: Deal, recipe: Recipe, title: str) -> None:
    wrong = [
        key for key in ("dataset", "split", "regions_sha256", "shards") if getattr(part, key) != getattr(deal, key)
    ]
    wrong += [key for key in Recipe.model_fields if getattr(part.recipe, key) != getattr(recipe, key)]
    if wrong:
        raise UserError(
            f"The shard {path} does not belong to {title}: it differs in {', '.join(sorted(wrong))}.",
            "Delete the variant's folder of shards and run the workflow again.",
        )


def _archive(path: Path, part: ShardManifest) -> EditArchive:
    """The archive of a shard, which holds exactly the edits that the shard's manifest lists."""
    archive = EditArchive(path.with_name(ARCHIVE))
    if archive.names != {entry.file_name for entry in part.images if entry.edit}:
        raise UserError(
            f"{archive.path} does not hold the edits that {path} lists.",
            f"Delete the folder {path.parent} and run the workflow again.",
        )
    return archive


def _with_unchanged(originals: Path, parts: Sequence[tuple[Path, ShardManifest]]) -> list[Entry]:
    """The entries of all images in the split's order: the shards', and the originals' where there are none."""
    images = read_record(Manifest, originals).images
    known = {image.file_name: image.sha256 for image in images}
    dealt = {}
    for path, part in parts:
        for entry in part.images:
            if known.get(entry.file_name) != entry.sha256:
                raise UserError(
                    f"{originals} does not list the image {entry.file_name!r} of {path}, or another one of that name.",
                    f"Delete the folder {path.parent} and run the workflow again.",
                )
            dealt[entry.file_name] = entry
    return [dealt.get(image.file_name, image) for image in images]
