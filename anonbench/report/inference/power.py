"""How many seeds it takes to show that a method is equivalent to no anonymization."""

from __future__ import annotations

import math

from scipy.stats import t as student

MOST_SEEDS = 100


def seeds_for(margin: float, seed_sd: float, images_error: float, confidence: float, power: float) -> int | None:
    """The least number of seeds, of the originals and of the variant each, that shows equivalence with this power.

    A drop of exactly 0 is then found to lie within the margin by two one-sided tests (Schuirmann, J. Pharmacokin.
    Biopharm. 15, 1987).

    Parameters
    ----------
    margin, seed_sd, images_error
        Fractions of 1: the margin, the standard deviation over seeds, and the standard error that is due to the images.
    confidence, power
        Of the tests.

    Returns
    -------
    int or None
        At least 2; None where more than 100 would be needed: only more validation images help.
    """
    for seeds in range(2, MOST_SEEDS + 1):
        df = 2 * (seeds - 1)
        error = math.sqrt(images_error**2 + 2 * seed_sd**2 / seeds)
        if (student.ppf(confidence, df) + student.ppf((1 + power) / 2, df)) * error <= margin:
            return seeds
    return None
