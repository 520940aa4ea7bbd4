"""What a variant shows, image by image, and how it was made."""

from __future__ import annotations

import shutil
from pathlib import Path

from anonbench.common.files import write_json
from anonbench.common.records import Record
from anonbench.config.types import Region
from anonbench.regions.files import RegionCounts
from anonbench.variants.audit import Audit
from anonbench.variants.entry import Entry
from anonbench.variants.recipe import Recipe

EDIT_FILES = "edits.json"
"""The list of a variant's archives, beside its manifest."""


class Counts(Record):
    """Sums over all images; ``unchanged`` counts those that are shown without an edit."""

    images: int
    unchanged: int
    restored_pixels: int | None = None


class Manifest(Record):
    """A variant of a split; ``recipe`` and ``audit`` are None for the originals. Images stand in the split's order."""

    dataset: str
    split: str
    variant: str
    recipe: Recipe | None = None
    images: list[Entry]
    counts: Counts
    audit: Audit | None = None


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
    """What was dealt out to shards: the hash of the region file and its counts, and every list's hash by file name."""

    dataset: str
    split: str
    region: Region
    regions_sha256: str
    shards: int
    images: int
    counts: RegionCounts
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


def counted(entries: list[Entry]) -> Counts:
    """The sums of a variant's entries."""
    restored = [entry.restored_pixels for entry in entries if entry.restored_pixels is not None]
    return Counts(
        images=len(entries),
        unchanged=sum(entry.edit is None and not entry.is_left_out for entry in entries),
        restored_pixels=sum(restored) if restored else None,
    )
