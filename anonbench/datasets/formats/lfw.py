"""Labeled Faces in the Wild: who is on which photograph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from anonbench.common.errors import UserError
from anonbench.common.validation import Model
from anonbench.config.datasets import ArchiveConfig
from anonbench.datasets.content import digest_of
from anonbench.datasets.format import Format, SplitSize
from anonbench.datasets.person_folders import Folder, PersonFolders, Tarred
from anonbench.datasets.records import Sample, Split
from anonbench.datasets.recurring import recurring
from anonbench.datasets.sources import RemoteFile

CATEGORY = {"id": 1, "name": "person", "supercategory": "person", "is_person": True}
# Of the official archive: 9,164 photographs of the 1,680 people who have at least two.
_HALF, _SIDE = 4_582, 250
# ... and how many people of it have at least so many photographs.
_AT_LEAST = {2: 1680, 3: 901, 4: 610, 5: 423, 6: 311, 7: 256, 8: 217, 9: 184, 10: 158}

Fraction = Annotated[float, Field(ge=0, le=1)]


class Photographs(Model):
    """How many photographs a person must have to be taken, and how many of them are."""

    min: Annotated[int, Field(ge=2)] = 2
    max: Annotated[int, Field(ge=2)] | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max is not None and self.max < self.min:
            raise ValueError("max must not be less than min")
        return self


class LfwConfig(ArchiveConfig):
    """Labeled Faces in the Wild, or any photographs in a folder for each person.

    ``images`` is such a folder of folders, read in place of the archive. ``people`` are drawn with ``seed``, of both
    splits together; all unless it is set. ``face`` is where the face is on every photograph, ``[x, y, width, height]``
    as fractions of its sides. ``canvas`` is the side of what a photograph is placed on, relative to its own.
    """

    format: Literal["lfw"]
    images: str | None = None
    photographs: Photographs = Photographs()
    people: Annotated[int, Field(ge=4)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    face: tuple[Fraction, Fraction, Fraction, Fraction] = (0.28, 0.26, 0.44, 0.52)
    canvas: Annotated[float, Field(ge=1, le=4)] = 1.0

    @model_validator(mode="after")
    def _face_inside(self) -> Self:
        x, y, width, height = self.face
        if not (width > 0 and height > 0 and x + width <= 1 and y + height <= 1):
            raise ValueError(
                "face must have an extent and lie within the photograph: [x, y, width, height] from 0 to 1"
            )
        return self


class Lfw(Format):
    """Labeled Faces in the Wild: 13,233 photographs of 250 x 250 px of 5,749 people, each around one face.

    Huang, Ramesh, Berg, Learned-Miller: Labeled Faces in the Wild, University of Massachusetts, Amherst, Technical
    Report 07-49, 2007; http://vis-www.cs.umass.edu/lfw/. The archive has ``lfw/{person}/{person}_{number}.jpg``; those
    of the funneled and deep-funneled photographs differ in the first folder's name, and need their own ``sha256``. A
    folder of one's own has a folder for each person, with photographs of any name.

    Where the face is, is known: the publisher placed a detected face in the middle of every photograph, at 1 / 2.2 of
    its size. The default of ``face`` is somewhat larger, so that it holds forehead and chin. A person's box is the
    photograph.

    Photographs that show hardly more than the face leave methods no surroundings. With ``canvas``, they lie in the
    middle of a larger image whose border repeats their outermost pixels; mirrored, it would show the face again.

    Split rule: of the people with enough photographs, sorted by name and shuffled with ``seed``, the first half is
    ``train``, the other one ``val``. Who has fewer is left out and counted.
    """

    Config = LfwConfig
    config: LfwConfig
    REGIONS = ("face",)
    FEWER = "Set `people`, or `photographs.max`."
    FILES = {
        # Size and SHA-256 are scikit-learn's (sklearn.datasets.fetch_lfw_people), as is the first mirror.
        "archive": RemoteFile(
            "lfw.tgz",
            ("https://ndownloader.figshare.com/files/5976018", "http://vis-www.cs.umass.edu/lfw/lfw.tgz"),
            size=180_566_744,
            digest="sha256:055f7d9c632d7370e6fb4afc7468d40f970c34a80d4c6f50ffec63f5a8d536c0",
        )
    }

    def identifies(self) -> bool:
        return True

    def splits(self) -> tuple[str, ...]:
        return ("train", "val")

    def needs(self, split: str) -> tuple[str, ...]:
        return () if self.config.images else ("archive",)

    def check(self) -> None:
        super().check()
        if self.config.images is None:
            return
        if self.config.archive:
            raise UserError("`archive` and `images` are both set.", "Name either the archive or the folder.")
        if not Path(self.config.images).is_dir():
            raise UserError(f"`images` names {self.config.images}, which is not a directory.", "Correct the path.")
        self._chosen(self._folder(), "train", Counter())

    def fingerprint(self, split: str) -> str | None:
        if self.config.images is None:
            return None
        photographs = self._folder().people.values()
        return digest_of(Path(self.config.images, name) for names in photographs for name in names)

    def whole_size(self, split: str) -> SplitSize | None:
        factor = self.config.canvas
        faces = self.config.face[2] * self.config.face[3] / factor**2
        if self.config.images is not None:
            count = sum(len(names) for _, names in self._chosen(self._folder(), split, Counter()))
            return SplitSize(count, count, count, faces=faces)
        half = self._half()
        return None if half is None else SplitSize(half, half, half, round((_SIDE * factor) ** 2), faces=faces)

    def load(self, split: str, files: dict[str, Path]) -> Split:
        counts: Counter[str] = Counter()
        source = self._folder(counts) if self.config.images else Tarred(files["archive"], counts)
        chosen = self._chosen(source, split, counts)
        photographs = [(number, name) for number, own in chosen for name in own]
        factor = self.config.canvas
        size = round(source.bytes_of([name for _, name in photographs]) * factor**2)
        names = [name if factor == 1 else f"{name}.png" for _, name in photographs]
        return Split([dict(CATEGORY)], names, partial(self._samples, source, photographs, names), size, counts)

    def _half(self) -> int | None:
        """About how many photographs of the official archive a split has; None where that is not known."""
        wanted, people = self.config.photographs, self.config.people
        if wanted == Photographs() and people is None:
            return _HALF
        if wanted.max not in _AT_LEAST:
            return None
        each = wanted.min + sum(_AT_LEAST[k] for k in range(wanted.min + 1, wanted.max + 1)) / _AT_LEAST[wanted.min]
        return round(each * (people or _AT_LEAST[wanted.min]) / 2)

    def _folder(self, counts: Counter[str] | None = None) -> Folder:
        return Folder(Path(self.config.images), Counter() if counts is None else counts)

    def _chosen(self, source: PersonFolders, split: str, counts: Counter[str]) -> list[tuple[int, list[str]]]:
        """The numbers of the split's people, which are their places among all names, and their photographs."""
        least, wanted = self.config.photographs.min, self.config.people or 4
        numbers = {person: number for number, person in enumerate(sorted(source.people))}
        kept = recurring(source.people, least, self.config.photographs.max, counts)
        if len(kept) < wanted:
            raise UserError(
                f"{self.config.images or 'The archive'} has {len(kept)} people with at least {least} photographs,"
                f" fewer than {wanted}.",
                "Lower `people` or `photographs.min`, or name a folder with a folder of photographs for each person.",
            )
        people = list(kept)
        drawn = np.random.default_rng(self.config.seed).permutation(len(people))[: self.config.people]
        half = len(drawn) // 2
        own = sorted(people[k] for k in (drawn[:half] if split == "train" else drawn[half:]))
        return [(numbers[person], kept[person]) for person in own]

    def _samples(
        self,
        source: PersonFolders,
        photographs: list[tuple[int, str]],
        names: list[str],
        places: Sequence[int],
        counts: Counter[str],
    ) -> Iterator[Sample]:
        # Both decode or draw images, and only a conversion does.
        from anonbench.datasets.canvas import on_canvas
        from anonbench.datasets.pictures import normalise

        factor = self.config.canvas
        with source.reading() as read:
            for place in places:
                number, name = photographs[place]
                data = read(name)
                pixels = normalise(data, name, where=f"{source.path}: {name}").pixels
                image, corner = on_canvas(pixels, factor) if factor > 1 else (data, (0, 0))
                person = self._person(corner, pixels.shape[1], pixels.shape[0], number)
                yield Sample(names[place], image, [person])

    def _person(self, corner: tuple[int, int], width: int, height: int, number: int) -> dict[str, Any]:
        left, top = corner
        x, y, w, h = self.config.face
        return {
            "category_id": CATEGORY["id"],
            "bbox": [left, top, width, height],
            "area": width * height,
            "iscrowd": 0,
            "face_box": [round(v, 2) for v in (left + x * width, top + y * height, w * width, h * height)],
            "face_valid": True,
            "identity": number,
        }
