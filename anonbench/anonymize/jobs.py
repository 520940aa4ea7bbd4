"""One image of a variant: read and checked before it is anonymized, reduced to its edit afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anonbench.anonymize.dose import anonymized_part
from anonbench.anonymize.worklist import WorkImage
from anonbench.common.errors import UserError
from anonbench.common.files import sha256_of
from anonbench.common.images import MAKE_SPLIT_AGAIN, decode, read_verified
from anonbench.regions.files import RegionRecord, decode_region
from anonbench.regions.region import Region
from anonbench.variants.entry import Entry


@dataclass(frozen=True)
class Job:
    """One image to anonymize: where it is, what the annotations say of it, and its regions.

    Parameters
    ----------
    source
        Its file.
    file_name
        Relative to the folder of images.
    sha256
        Of the source.
    size
        (width, height) px.
    records
        The regions to anonymize.
    seed
        Base of everything random; every image's random generator depends on it and on the file name only.
    left_on_purpose
        How many other regions the image has, which stay visible; None where everybody is anonymized.
    """

    source: Path
    file_name: str
    sha256: str
    size: tuple[int, int]
    records: list[RegionRecord]
    seed: int
    left_on_purpose: int | None = None

    def regions(self) -> list[Region]:
        """The regions to anonymize, decoded."""
        return [decode_region(record) for record in self.records]

    def rng(self) -> np.random.Generator:
        """Its random generator, at its start."""
        return rng_of(self.file_name, self.seed)


def rng_of(file_name: str, seed: int) -> np.random.Generator:
    """The random generator of an image of that name; a name that is not UTF-8 has one as well."""
    name_hash = int(sha256_of(file_name.encode("utf-8", "surrogateescape"))[:16], 16)
    return np.random.default_rng([seed, name_hash])


@dataclass(frozen=True)
class Done:
    """What became of one image: its entry of the manifest, and its edit's bytes; None where nothing changed."""

    entry: Entry
    edit: bytes | None


def jobs_of(images: list[WorkImage], source: Path, seed: int, share: float = 1.0) -> list[Job]:
    """One job for each image of a list, of which that share of people is anonymized; images lie in ``source``."""
    return [_job(image, source, seed, share) for image in images]


def _job(image: WorkImage, source: Path, seed: int, share: float) -> Job:
    size = image.width, image.height
    drawn = anonymized_part(image.regions, image.file_name, size, seed, share)
    return Job(
        source=source / image.file_name,
        file_name=image.file_name,
        sha256=image.sha256,
        size=size,
        records=drawn,
        seed=seed,
        left_on_purpose=len(image.regions) - len(drawn) if share < 1 else None,
    )


def load(job: Job) -> np.ndarray:
    """The image, (height, width, 3) uint8 RGB.

    Raises
    ------
    UserError
        If it is missing, unreadable, or not the one that was annotated.
    """
    return decoded(read_verified(job.source, job.sha256), job)


def decoded(data: bytes, job: Job) -> np.ndarray:
    """As :func:`load`, from the file's content."""
    image = decode(data, str(job.source))
    if (image.shape[1], image.shape[0]) != job.size:
        raise UserError(
            f"The image {job.source} has {image.shape[1]} x {image.shape[0]} px, its annotations say "
            f"{job.size[0]} x {job.size[1]}.",
            MAKE_SPLIT_AGAIN,
        )
    return image
