"""The section ``datasets``: what every dataset may say besides its format's own keys."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from anonbench.common.validation import Model
from anonbench.config.types import Digest, FileDigest, NonEmpty, Positive, Seed, Split, Unannotated, Url


class FileSource(Model):
    """What a user says of one file of a dataset: its path, or what counts instead of the official values."""

    path: str | None = None
    urls: Annotated[list[Url], NonEmpty] | None = None
    digest: FileDigest | None = None
    size: Positive | None = None


class Take(Model):
    """How many images of a split are taken, drawn with ``seed``; of a split that is not named, all."""

    train: Positive | None = None
    val: Positive | None = None
    generator: Positive | None = None
    seed: Seed = 0

    @model_validator(mode="after")
    def _of_a_split(self) -> Self:
        if not self.counts():
            raise ValueError("take must name a split, train, val or generator, with a number of images")
        return self

    def counts(self) -> dict[Split, int]:
        """The numbers of images by the splits that are named."""
        return self.model_dump(exclude={"seed"}, exclude_none=True)


class DatasetConfig(Model):
    """Base of every format's configuration; the format adds its own keys.

    ``shards`` is the number of jobs that anonymize each variant of a split. Another number makes the same images, but
    Snakemake makes them again, and all that follows from them.

    ``unannotated`` says what becomes of unannotated people whom a detector finds in images to train on:
    ``leave`` counts them, and they are background to models; ``ignore`` leaves them visible, but neither objects to
    find nor background; ``hide`` also hides them in every anonymized variant; ``hide_everywhere`` fills them black in
    all of them, the originals among them. Where it is not set, nobody looks for them.

    ``take`` draws some of the images, and ``categories`` are those whose annotations are kept, all unless it is set.
    With both, images with an annotation of such a category are drawn from.
    """

    format: str
    shards: Annotated[int, Field(ge=1, le=1000)] = 1
    unannotated: Unannotated | None = None
    take: Take | None = None
    categories: Annotated[list[str], NonEmpty] | None = None

    def sources(self) -> dict[str, FileSource]:
        """What the user says of the dataset's files, by role."""
        return {}

    def path_key(self, role: str) -> str:
        """The key, relative to the dataset's entry, under which the user names the path of a file."""
        return role


class FilesConfig(DatasetConfig):
    """Base of the formats that are read from several files, whose roles are those of the format's ``FILES``."""

    files: dict[str, FileSource] = {}

    def sources(self) -> dict[str, FileSource]:
        return self.files

    def path_key(self, role: str) -> str:
        return f"files.{role}.path"


class ArchiveConfig(DatasetConfig):
    """Base of the formats that are read from one archive, whose role is ``archive``."""

    archive: str | None = None
    sha256: Digest | None = None

    def sources(self) -> dict[str, FileSource]:
        digest = f"sha256:{self.sha256}" if self.sha256 else None
        return {"archive": FileSource(path=self.archive, digest=digest)}
