"""Who recurs: the people of whom there are enough photographs to be recognised by."""

from __future__ import annotations

from collections import Counter
from typing import TypeVar

K = TypeVar("K", str, int)


def recurring(
    photographs: dict[K, list[str]], least: int, most: int | None, counts: Counter[str]
) -> dict[K, list[str]]:
    """The people with at least ``least`` photographs, and of each the first ``most``, all sorted.

    Parameters
    ----------
    photographs
        The names of each person's photographs.
    least, most
        How many there must be, and how many are taken; None takes all.
    counts
        Counts who and what is left out.
    """
    kept = {who: sorted(names)[:most] for who, names in sorted(photographs.items()) if len(names) >= least}
    too_few = [names for names in photographs.values() if len(names) < least]
    left_out = {
        "people_left_out_with_too_few_photographs": len(too_few),
        "images_left_out_of_people_with_too_few": sum(map(len, too_few)),
        "images_left_out_beyond_the_most": sum(len(photographs[who]) - len(names) for who, names in kept.items()),
    }
    counts.update({what: count for what, count in left_out.items() if count})
    return kept
