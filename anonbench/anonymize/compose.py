"""A variant, put together of its shards and of the originals that none of them changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from anonbench.anonymize.manifest import (
    Deal,
    Entry,
    Manifest,
    ShardManifest,
    counted,
    make_folders,
    missing,
    write_manifest,
)
from anonbench.anonymize.recipe import Recipe
from anonbench.common.errors import UserError
from anonbench.common.folders import link, link_or_copy, replacing
from anonbench.common.records import read_record


def compose_variant(
    *,
    originals: Path,
    deal: Path,
    shards: Sequence[Path],
    recipe: Recipe,
    variant: str,
    out_dir: Path,
    manifest: Path,
) -> None:
    """Write a variant's folder of images and, last, its manifest, without reading an image.

    The images keep their relative file names and their sizes, so that the annotations hold for every variant. Changed
    ones are the shards' (hard links, else copies), the others the originals' (hard links, else symbolic ones, else
    copies). The result does not depend on the number of shards.

    Parameters
    ----------
    originals
        Manifest of the variant ``original``, beside its folder ``images``.
    deal
        Manifest of the shards' lists (:class:`anonbench.anonymize.manifest.Deal`).
    shards
        The manifests of all shards, each beside its folder ``images``.
    recipe
        How every shard has to have been made.
    variant
        The variant's name.
    out_dir, manifest
        What is written. ``out_dir`` is replaced as a whole; the manifest may stand inside of it.

    Raises
    ------
    UserError
        If a shard is missing, is listed twice, or was made of other regions or by another recipe; if an image is
        missing. Nothing is written then.
    """
    dealt = read_record(Deal, deal)
    title = f"{dealt.dataset} {dealt.split} {variant}"
    parts = [(path, read_record(ShardManifest, path)) for path in shards]
    for path, part in parts:
        _check(path, part, dealt, recipe, title)
    if sorted(part.shard for _, part in parts) != list(range(1, dealt.shards + 1)):
        raise UserError(f"{title} needs each of its {dealt.shards} shards once.", "Run the workflow again.")
    with replacing(out_dir) as partial:
        changed = {}
        for path, part in parts:
            make_folders(partial, [entry.file_name for entry in part.images])
            for entry in part.images:
                changed[entry.file_name] = entry
                image = path.parent / "images" / entry.file_name
                try:
                    link_or_copy(image, partial / entry.file_name)
                except FileNotFoundError:
                    raise missing(image) from None
        entries = _with_unchanged(originals, changed, partial, out_dir)
        # Never a manifest beside images that it does not describe.
        manifest.unlink(missing_ok=True)
    counts = counted(entries, title)
    head = {"dataset": dealt.dataset, "split": dealt.split, "variant": variant, "recipe": recipe}
    write_manifest(manifest, Manifest(**head, images=entries, counts=counts))


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


def _with_unchanged(originals: Path, changed: dict[str, Entry], partial: Path, final: Path) -> list[Entry]:
    """Link what no shard has changed; the entries of all images in the split's order."""
    images = read_record(Manifest, originals).images
    make_folders(partial, [image.file_name for image in images])
    for image in images:
        source = originals.parent / "images" / image.file_name
        if image.file_name not in changed:
            try:
                link(source, partial / image.file_name, final / image.file_name)
            except FileNotFoundError:
                raise missing(source) from None
    if strangers := changed.keys() - {image.file_name for image in images}:
        raise UserError(f"{originals} lacks the image {min(strangers)!r}.", "Delete the variant and run again.")
    return [changed.get(image.file_name, image) for image in images]
