"""What every dataset format is."""

from __future__ import annotations

import zipfile
from abc import abstractmethod
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from anonbench.common.errors import UserError, suggest
from anonbench.common.plugins import Plugin
from anonbench.config.datasets import DatasetConfig, FileSource
from anonbench.config.plugins import FORMATS
from anonbench.config.types import Region, Unannotated
from anonbench.datasets.content import digest_of
from anonbench.datasets.records import Split
from anonbench.datasets.sources import RemoteFile


@dataclass(frozen=True)
class SplitSize:
    """The size of a split, as far as it is known before anything is fetched.

    Parameters
    ----------
    images
        Number of images.
    people
        Number of annotated people, or None where it is not known.
    occupied
        Number of images with at least one of them, or None where it is not known.
    pixels
        Mean size of an image in px, or None where it is not known.
    bodies, faces
        Which share of the images' pixels they cover, or None where it is not known.
    """

    images: int
    people: int | None = None
    occupied: int | None = None
    pixels: int | None = None
    bodies: float | None = None
    faces: float | None = None


class Format(Plugin):
    """How a dataset is read: one file in ``anonbench/datasets/formats/`` with one subclass, found by the file's name.

    The subclass's docstring is the format's documentation: what is annotated, where it comes from, how it is split.

    Parameters
    ----------
    config
        A record of the format's ``Config``: the dataset's entry in the configuration.
    """

    Config: ClassVar[type[DatasetConfig]]
    config: DatasetConfig
    FILES: ClassVar[dict[str, RemoteFile]] = {}
    """The published files by role; empty where nothing is fetched."""
    REGIONS: ClassVar[tuple[Region, ...]] = ("face", "body")
    """The regions that can be found in its images."""
    COMPLETE: ClassVar[bool] = False
    """Whether everybody in its images is annotated, as only a program can do it."""
    RENDERED: ClassVar[bool] = False
    """Whether converting a split draws its images, which costs more than copying them."""
    FEWER: ClassVar[str] = ""
    """What to do instead of the key ``take``, where it has no sense: images are rendered, or people recur, most of whom
    would be left with a single one."""

    @abstractmethod
    def splits(self) -> tuple[str, ...]:
        """The splits that the dataset has as it is configured: some of ``train``, ``val`` and ``generator``."""

    @abstractmethod
    def load(self, split: str, files: dict[str, Path]) -> Split:
        """Read a split, with all of its images and categories: what is kept of it, others decide.

        Parameters
        ----------
        split
            One of :meth:`splits`.
        files
            The path of every role that :meth:`needs` names; they are verified already.

        Raises
        ------
        UserError
            If a file is corrupt or has another layout, or its content cannot be converted.
        """

    def needs(self, split: str) -> tuple[str, ...]:
        """The roles of the files that a split, one of :meth:`splits`, is read from; none where nothing is fetched."""
        return ()

    def people(self) -> tuple[str, ...]:
        """The names of the categories that are people; none where they are not known before a split is read."""
        return ()

    def whole_size(self, split: str) -> SplitSize | None:
        """The size of a split, one of :meth:`splits`, with all that the source has; None where it is not known before
        anything is fetched."""
        return None

    def size(self, split: str) -> SplitSize | None:
        """The same of what is taken of it."""
        whole, taken = self.whole_size(split), self.taken(split)
        if taken is None:
            return whole
        if whole is None:
            return SplitSize(taken)
        chosen = self.config.categories
        people_alone = chosen is not None and set(chosen) == set(self.people())
        drawn_from = whole.occupied if people_alone and whole.occupied else whole.images
        people, occupied = (
            None if count is None else round(count * taken / drawn_from) for count in (whole.people, whole.occupied)
        )
        return replace(whole, images=taken, people=people, occupied=occupied)

    def taken(self, split: str) -> int | None:
        """How many images of a split are taken; None for all."""
        return self.config.take.counts().get(split) if self.config.take else None

    def identifies(self) -> bool:
        """Whether the people in its images have identities and recur, so that attackers can be judged by them."""
        return False

    def check(self) -> None:
        """Stop for mistakes that a look at the file system reveals before any job runs.

        Raises
        ------
        UserError
            Naming the key, relative to the dataset's entry: an unknown role, a file that does not exist or is a
            truncated archive, images to take where that has no sense, or ``categories`` without the people.
        """
        for role, own in self.sources().items():
            if own.path:
                _check_file(self.config.path_key(role), Path(own.path))
        self._check_take()
        if self.config.categories is not None:
            check_people_kept(self.config.categories, self.people())

    def _check_take(self) -> None:
        if self.config.take is None:
            return
        if self.FEWER:
            why = "images are rendered" if self.RENDERED else "people recur, and most would be left with a single image"
            raise UserError(f"`take` is not for the format {self.name}, whose {why}.", self.FEWER)
        for split in self.config.take.counts():
            if split not in self.splits():
                raise UserError(
                    f"`take.{split}` is set, but the dataset, as configured, has no split {split!r}.",
                    f"Use some of: {', '.join(self.splits())}.",
                )

    def sources(self) -> dict[str, FileSource]:
        """What the user says of the published files, by role.

        Raises
        ------
        UserError
            If the configuration names a role that the format does not have.
        """
        sources = self.config.sources()
        for role in sources:
            if role not in self.FILES:
                raise UserError(f"`files` names {role!r}, which {self.name} does not have.", suggest(role, self.FILES))
        return sources

    def local_files(self, split: str) -> tuple[Path, ...]:
        """A user's own files that a split is read from: a change of one converts the split again."""
        return ()

    def fingerprint(self, split: str) -> str | None:
        """A digest of what the user's own files of a split hold; None where there are none.

        Snakemake compares it, since it does not look into folders and takes some paths for patterns.
        """
        files = self.local_files(split)
        return digest_of(files) if files else None

    def conversion(self, split: str) -> dict[str, Any]:
        """The part of the configuration that the conversion of one split reads: neither where files lie nor shards.

        It is itself a valid configuration of the format, as plain values.
        """
        ignored = {"archive", "sha256", "files", "shards"}
        ignored |= set() if self.searched_for(split) else {"unannotated"}
        ignored |= {"categories"} if self.config.categories is None else set()
        found = self.config.model_dump(mode="json", exclude=ignored | {"take"})
        if (taken := self.taken(split)) is not None:
            found["take"] = {split: taken, "seed": self.config.take.seed}
        return found

    def searched_for(self, split: str) -> Unannotated | None:
        """What becomes of unannotated people in one split; None where nobody looks for them.

        Images that models are scored on stay as they are.
        """
        return None if split == "val" or self.COMPLETE or "body" not in self.REGIONS else self.config.unannotated

    def require_split(self, split: str) -> None:
        """Stop when the dataset has no such split.

        Raises
        ------
        UserError
            Naming the splits that it has.
        """
        if split not in self.splits():
            raise UserError(
                f"The {self.name} dataset, as configured, has no split {split!r}.",
                f"Use one of: {', '.join(self.splits())}.",
            )


def check_people_kept(categories: Collection[str], people: Iterable[str]) -> None:
    """Stop where the ``categories`` to keep lack one of people: whoever is in an image must be anonymized.

    Raises
    ------
    UserError
        Naming the lacking ones.
    """
    if lacking := [name for name in people if name not in categories]:
        raise UserError(
            f"`categories` leaves out {', '.join(lacking)}: nobody would anonymize these people, and they would stay"
            " visible.",
            f"Add {', '.join(lacking)} to it.",
        )


def _check_file(key: str, path: Path) -> None:
    if not path.is_file():
        raise UserError(
            f"`{key}` names {path}, which does not exist.", "Correct the path, or leave the key out to download it."
        )
    if path.suffix == ".zip" and not zipfile.is_zipfile(path):
        raise UserError(
            f"`{key}` names {path}, which is not a complete zip archive.", "Download it again; it may be truncated."
        )


def format_of(config: DatasetConfig) -> Format:
    """The format of a dataset with that entry in the configuration."""
    return FORMATS.create(config.format, config)
