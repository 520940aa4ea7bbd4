"""What a variant shows, image by image, and how it was made: the audit of an anonymized split."""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from pathlib import Path

from anonbench.common.files import write_json
from anonbench.common.records import Record
from anonbench.config.types import Region
from anonbench.variants.recipe import Recipe

log = logging.getLogger(__name__)

EDIT_FILES = "edits.json"
"""The list of a variant's archives, beside its manifest."""


class Edit(Record):
    """The picture of what changed in an image: the digest of its bytes, and where its corner lies, in px."""

    left: int
    top: int
    sha256: str


class Entry(Record):
    """One image.

    ``sha256`` is of the split's own file, and ``edit`` what the variant puts into it; None where the variant shows the
    original. ``regions`` counts all of its regions, ``fallbacks`` those that were not anonymized by the method, by
    reason (:class:`anonbench.anonymize.frame.Anonymized`). ``restored_pixels`` exists for a user's own command alone:
    how many pixels outside of regions it had changed, which were put back.
    """

    file_name: str
    sha256: str
    regions: int
    fallbacks: dict[str, int]
    restored_pixels: int | None = None
    edit: Edit | None = None


class Counts(Record):
    """Sums over all images; ``unchanged`` counts those without an edit."""

    images: int
    unchanged: int
    regions: int
    fallbacks: dict[str, int]
    restored_pixels: int | None = None


class Manifest(Record):
    """A variant of a split; ``recipe`` is None for the originals. The images stand in the split's order."""

    dataset: str
    split: str
    variant: str
    recipe: Recipe | None = None
    images: list[Entry]
    counts: Counts


class ShardManifest(Record):
    """The images with regions of one shard of ``shards``, counted from 1; made of the region file with that hash."""

    dataset: str
    split: str
    regions_sha256: str
    shard: int
    shards: int
    recipe: Recipe
    images: list[Entry]


class EditFiles(Record):
    """The archives that hold a variant's edits, relative to the variant's folder, with ``/``."""

    archives: list[str]


class Deal(Record):
    """What was dealt out to shards: the hash of the region file, and that of every shard's list by its file name."""

    dataset: str
    split: str
    region: Region
    regions_sha256: str
    shards: int
    images: int
    lists: dict[str, str]


def write_manifest(path: Path, manifest: Manifest | ShardManifest) -> None:
    """Write it as JSON, whole or not at all, without what is None."""
    write_json(path, manifest.model_dump(mode="json", exclude_none=True))


def image_folder(manifest: Path) -> Path:
    """Where a variant's images lie if it is exported, and what the paths that models get begin with.

    A model's pipeline that reads files by itself finds nothing there, or exactly the variant's images, but never the
    originals.
    """
    return manifest.parent / "images"


def withdraw(manifest: Path) -> None:
    """Remove a variant's manifest, and the images that were exported by it, before what they describe changes."""
    manifest.unlink(missing_ok=True)
    if image_folder(manifest).exists():
        shutil.rmtree(image_folder(manifest))


def counted(entries: list[Entry], title: str) -> Counts:
    """The sums of a variant's entries; fallbacks and restored pixels are logged under ``title``."""
    fallbacks = sum((Counter(entry.fallbacks) for entry in entries if entry.fallbacks), Counter())
    if fallbacks:
        listed = ", ".join(f"{reason}: {count}" for reason, count in sorted(fallbacks.items()))
        log.warning("%s: regions that fell back to a mask-out: %s", title, listed)
    restored = [entry.restored_pixels for entry in entries if entry.restored_pixels is not None]
    if sum(restored):
        log.info("%s: %d pixels outside of regions were put back", title, sum(restored))
    return Counts(
        images=len(entries),
        unchanged=sum(entry.edit is None for entry in entries),
        regions=sum(entry.regions for entry in entries),
        fallbacks=dict(sorted(fallbacks.items())),
        restored_pixels=sum(restored) if restored else None,
    )
