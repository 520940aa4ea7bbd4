"""The people whom a generator learned from, and others like them, as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from anonbench.generators.splits import SplitFiles, splits_of


@dataclass(frozen=True)
class Learned:
    """A generator and its people.

    Parameters
    ----------
    generator
        Its file.
    members
        The splits that it learned from.
    most
        How many people of each it learned from at most, the first ones.
    others
        A split of each of these datasets, which it has never seen.
    """

    generator: Path
    members: Sequence[SplitFiles]
    most: int
    others: Sequence[SplitFiles]


def learned_of(
    generators: Sequence[str],
    annotations: Sequence[str],
    regions: Sequence[str],
    datasets: Sequence[int],
    most: Sequence[int],
) -> Iterator[Learned]:
    """Generators and their people from the files in ``resources/``.

    Parameters
    ----------
    generators
        Their files.
    annotations, regions
        Of each generator the members' files and the others'.
    datasets
        Of each generator how many datasets it learned from.
    most
        Of each generator as of :class:`Learned`.
    """
    splits = iter(splits_of(annotations, regions))
    for file, count, limit in zip(generators, datasets, most, strict=True):
        members, others = ([next(splits) for _ in range(count)] for _ in range(2))
        yield Learned(Path(file), members, limit, others)
