"""How much a metric varies with the seed of the training, and with what is random before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anonbench.report.inference.sample import Sample

LEAST_SHARE = 0.5
"""Variants below this share of the baseline have no part in the pooled variance: near 0, all seeds agree."""


@dataclass(frozen=True)
class Spread:
    """A variance and how well it is known: (M,) float64 each, NaN and 0 where nothing is known of it."""

    variance: np.ndarray
    df: np.ndarray


def seed_spread(baseline: Sample, variants: Sequence[Sample]) -> Spread:
    """The variance over seeds, pooled over the originals and all variants of a dataset and model.

    Three seeds of one variant say little of its own variance; those of ten variants say much of a common one.
    """
    squares, df = (np.zeros_like(baseline.value) for _ in range(2))
    for one in (baseline, *variants):
        with np.errstate(invalid="ignore"):
            counts = one is baseline or one.value >= LEAST_SHARE * baseline.value
        inner, inner_df = one.within_draws
        counts &= np.isfinite(inner)
        squares += np.where(counts, inner, 0)
        df += np.where(counts, inner_df, 0)
    return _spread(squares, df)


def draw_spread(samples: Sequence[Sample], seeds: Spread) -> Spread:
    """The variance over draws of the expected metrics of a learned method, pooled over its variants with several.

    It is what the means of the draws vary beyond what their seeds explain.
    """
    squares, df = (np.zeros_like(seeds.variance) for _ in range(2))
    for one in samples:
        if len(one.by_draw) > 1:
            explained = seeds.variance * np.mean([1 / (one.draws == draw).sum() for draw in np.unique(one.draws)])
            squares += (len(one.by_draw) - 1) * (one.by_draw.var(axis=0, ddof=1) - explained)
            df += len(one.by_draw) - 1
    found = _spread(squares, df)
    return Spread(np.maximum(found.variance, 0), found.df)


def _spread(squares: np.ndarray, df: np.ndarray) -> Spread:
    with np.errstate(invalid="ignore", divide="ignore"):
        return Spread(np.where(df > 0, squares / df, np.nan), df)
