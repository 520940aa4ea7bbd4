"""The noise floor: how far models of the originals lie apart among themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from anonbench.config.cells import ORIGINAL
from anonbench.report.names import GROUP

KEYS = [*GROUP, "scope", "category", "metric"]
NAME = "noise floor"  # of what charts draw it as


def noise_floors(originals: pd.DataFrame, by: list[str], value: str, confidence: float) -> pd.DataFrame:
    """How far two means over the seeds of the originals lie apart by chance.

    Parameters
    ----------
    originals
        A row per seed and measure, of models that were trained and evaluated on the originals.
    by
        The columns that name a measure.
    value
        The column that holds it.
    confidence
        At which the bound holds, by Student's t of as many seeds as there are.

    Returns
    -------
    pd.DataFrame
        The columns ``by``, and ``noise`` in the value's unit. A measure of fewer than two seeds is left out.
    """
    from scipy.stats import t

    found = originals[originals[value].notna()].groupby(by, sort=False)[value].agg(["count", "std"]).reset_index()
    found = found[found["count"] > 1]
    bound = t.ppf((1 + confidence) / 2, found["count"] - 1) * found["std"] * np.sqrt(2 / found["count"])
    return found[by].assign(noise=bound)


def with_noise(drops: pd.DataFrame, summary: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The rows of a table of drops, in their order, with the ``noise`` of each one's metric; NaN where it has none."""
    originals = summary[(summary.method == ORIGINAL) & (summary.evaluated_on == ORIGINAL)]
    return drops.merge(noise_floors(originals, KEYS, "value", confidence), on=KEYS, how="left")
