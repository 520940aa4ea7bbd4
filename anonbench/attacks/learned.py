"""The people whom a generator learned from, and others like them, as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SplitFiles:
    """A split: its annotations, its regions, and the folder of its original images."""

    annotations: Path
    regions: Path
    images: Path


@dataclass(frozen=True)
class Learned:
    """A generator and its people.

    Parameters
    ----------
    generator
        Its file.
    members
        The split that it learned from.
    most
        How many of its people it learned from at most, the first ones.
    others
        Another split of the same dataset, which it has never seen.
    """

    generator: Path
    members: SplitFiles
    most: int
    others: SplitFiles


def learned_of(
    generators: Sequence[str], annotations: Sequence[str], regions: Sequence[str], most: Sequence[int]
) -> Iterator[Learned]:
    """Generators and their people from the files in ``resources/``.

    Parameters
    ----------
    generators
        Their files.
    annotations, regions
        Of each generator the members' file and the others'.
    most
        Of each generator as of :class:`Learned`.
    """
    splits = [_split(Path(one), Path(two)) for one, two in zip(annotations, regions, strict=True)]
    for file, members, others, count in zip(generators, splits[::2], splits[1::2], most, strict=True):
        yield Learned(Path(file), members, count, others)


def _split(annotations: Path, regions: Path) -> SplitFiles:
    return SplitFiles(annotations, regions, annotations.parent.parent / "images" / annotations.stem)
