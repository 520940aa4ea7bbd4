"""Verdicts on drops: costs, equivalent, undetermined, and the rare gain."""

from __future__ import annotations

import numpy as np
from statsmodels.stats.multitest import multipletests

COSTS, GAINS, EQUIVALENT, UNDETERMINED = VERDICTS = ("costs", "gains", "equivalent", "undetermined")
NONE = ""


def holm(p: np.ndarray) -> np.ndarray:
    """P-values of one family, (N,), corrected after Holm (Scand. J. Statist. 6, 1979); NaN stays and is not counted."""
    corrected = np.full(len(p), np.nan)
    known = np.isfinite(p)
    if known.any():
        corrected[known] = multipletests(p[known], method="holm")[1]
    return corrected


def verdicts(
    drop: np.ndarray, p_different: np.ndarray, p_equivalent: np.ndarray, lower_bound: np.ndarray, confidence: float
) -> np.ndarray:
    """A verdict for each drop, (N,) str.

    A drop that is shown to lie within the margin is ``equivalent``, even if it is also shown not to be 0; else one that
    is shown not to be 0 ``costs``, or ``gains``; else it is ``undetermined``. There is none of an interval that is a
    lower bound, nor of an undefined metric.

    Parameters
    ----------
    drop
        (N,) fractions of 1.
    p_different, p_equivalent
        (N,) p-values, corrected.
    lower_bound
        (N,) bool.
    confidence
        1 minus the error rate of each kind of verdict, over a family.
    """
    error = 1 - confidence
    found = np.where(p_different <= error, np.where(drop > 0, COSTS, GAINS), UNDETERMINED)
    found = np.where(p_equivalent <= error, EQUIVALENT, found)
    return np.where(lower_bound | ~np.isfinite(p_different), NONE, found)
