"""What a variant's folder holds, image by image, and how it was made: the audit of an anonymized split."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from anonbench.anonymize.recipe import Recipe
from anonbench.common.errors import UserError
from anonbench.common.files import write_json
from anonbench.common.records import Record
from anonbench.config.types import Region

log = logging.getLogger(__name__)


class Entry(Record):
    """One image.

    ``regions`` counts all of its regions, ``fallbacks`` those that were not anonymized by the method, by reason
    (:class:`anonbench.anonymize.frame.Anonymized`). ``restored_pixels`` exists for a user's own command alone: how many
    pixels outside of regions it had changed, which were put back.
    """

    file_name: str
    sha256: str
    regions: int
    fallbacks: dict[str, int]
    restored_pixels: int | None = None


class Counts(Record):
    """Sums over all images; ``linked`` counts those without regions, which are the originals' files."""

    images: int
    linked: int
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
    """The changed images of one shard of ``shards``, counted from 1; made of the region file with that hash."""

    dataset: str
    split: str
    regions_sha256: str
    shard: int
    shards: int
    recipe: Recipe
    images: list[Entry]


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
        linked=sum(not entry.regions for entry in entries),
        regions=sum(entry.regions for entry in entries),
        fallbacks=dict(sorted(fallbacks.items())),
        restored_pixels=sum(restored) if restored else None,
    )


def make_folders(root: Path, file_names: Iterable[str]) -> None:
    """Make the folders below ``root`` that these relative file names need."""
    for folder in {PurePosixPath(name).parent for name in file_names}:
        (root / folder).mkdir(parents=True, exist_ok=True)


def missing(path: Path) -> UserError:
    """The error for an image that should be there."""
    return UserError(f"The image {path} is missing.", "Delete the folder that holds it and run again.")
