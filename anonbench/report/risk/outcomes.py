"""What an attack reached, as one number for each probe, by criterion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import hypergeom

from anonbench.attacks.record import AttackResult, Inferred, Linked

GALLERIES = (100, 1000)  # numbers of people that results are given for, where the data have them
RANK1 = "rank1"


@dataclass(frozen=True)
class Outcomes:
    """A criterion's outcome for every probe.

    Parameters
    ----------
    setting, gallery, criterion
        What it is of; ``gallery`` is 0 where there is none.
    identities
        (P,) who each probe is.
    values
        (P,) in 0..1.
    strata
        (P,) the probes that are averaged first, such as those of one value of an attribute.
    chance
        What guessing reaches.
    """

    setting: str
    gallery: int
    criterion: str
    identities: np.ndarray
    values: np.ndarray
    strata: np.ndarray
    chance: float

    @property
    def key(self) -> tuple[str, int, str]:
        return self.setting, self.gallery, self.criterion


def outcomes_of(result: AttackResult) -> Iterator[Outcomes]:
    """Every criterion of an attack."""
    for linked in result.linked:
        yield from _linked(linked)
    for inferred in result.inferred:
        yield _inferred(inferred)
    if result.found:
        who = np.array(result.found.identities)
        yield Outcomes("all", 0, "found", who, np.array(result.found.found, float), np.zeros(len(who), int), 0.0)


def headline_gallery(full: int) -> int:
    """The gallery that results are judged by: of 100 people, or of all where there are fewer."""
    return min(full, GALLERIES[0])


def within(better: np.ndarray, tied: np.ndarray, full: int, size: int, rank: int) -> np.ndarray:
    """How likely the right one is among the first ``rank`` of a gallery of ``size`` people, drawn from ``full`` others
    and the right one.

    Exact: the number of those ranked higher among the others drawn is hypergeometric; who ties is ordered at random.

    Parameters
    ----------
    better, tied
        (P,) how many people of the full gallery are ranked higher, and as high.
    full, size
        Numbers of people, the right one included.
    rank
        From 1 on.
    """
    found = np.zeros(len(better))
    for ties in np.unique(tied):
        rows = tied == ties
        above = better[rows][:, None] + np.arange(ties + 1)
        found[rows] = hypergeom.cdf(rank - 1, full - 1, above, size - 1).mean(1)
    return found


def _linked(linked: Linked) -> Iterator[Outcomes]:
    who, full = np.array(linked.identities), linked.gallery
    better, tied = np.array(linked.better), np.array(linked.tied)
    strata = np.zeros(len(who), int)

    def one(gallery: int, criterion: str, values: object, chance: float) -> Outcomes:
        return Outcomes(linked.setting, gallery, criterion, who, np.asarray(values, float), strata, chance)

    for size in sorted({full, *(size for size in GALLERIES if size < full)}):
        yield one(size, RANK1, within(better, tied, full, size, 1), 1 / size)
        yield one(size, "rank5", within(better, tied, full, size, 5), min(1.0, 5 / size))
        among = np.array(linked.among_better), np.array(linked.among_tied)
        yield one(size, "linked", within(*among, full, size, 1), 1 / size)
    harmonic = 1 / np.arange(1, full + 1)
    yield one(full, "mAP", _mean_reciprocal(better, tied), float(harmonic.mean()))
    yield one(full, "tar_1e-2", linked.accepted_2, 1e-2)
    yield one(full, "tar_1e-3", linked.accepted_3, 1e-3)
    yield one(full, "singled_out", linked.singled_out, 1e-2 / full)


def _mean_reciprocal(better: np.ndarray, tied: np.ndarray) -> np.ndarray:
    """The average precision of a single right one: one over its rank, the mean over the places of those who tie."""
    return np.array([np.mean(1 / (1 + b + np.arange(t + 1))) for b, t in zip(better, tied, strict=True)])


def _inferred(inferred: Inferred) -> Outcomes:
    values, strata = np.unique(inferred.truth, return_inverse=True)
    return Outcomes(
        "all", 0, f"inferred:{inferred.attribute}", np.array(inferred.identities), np.array(inferred.right, float),
        strata, 1 / len(values),
    )  # fmt: skip
