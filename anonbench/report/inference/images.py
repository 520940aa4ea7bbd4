"""How much a drop varies with the images that it is measured on."""

from __future__ import annotations

import numpy as np

from anonbench.report.inference.sample import Sample


def image_variance(baseline: Sample, variant: Sample) -> np.ndarray:
    """The variance, over validation sets, of the drop that is expected of models of any seed.

    The covariance over resamples between two models of *different* seeds has no part that is due to either training, so
    that nothing is counted twice beside the variance over seeds. It is averaged over all pairs of models (a U-statistic
    of the bootstrap's covariances), of the baseline, of the variant, and between both. Where a side has one model, the
    variance of that model stands in, which is too large.

    Parameters
    ----------
    baseline, variant
        Models of one dataset, on the same resamples.

    Returns
    -------
    np.ndarray
        (M,) float64, at least 0; NaN for a metric that fewer than half of the resamples define.
    """
    first, second = (one.replicates.astype(np.float64) for one in (baseline, variant))
    defined = np.isfinite(first).all(axis=0) & np.isfinite(second).all(axis=0)
    first, second = (_centred(one, defined) for one in (first, second))
    count = defined.sum(axis=0)
    total = _pairs(first) + _pairs(second) - 2 * (first.mean(axis=0) * second.mean(axis=0)).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.maximum(total / (count - 1), 0)
    return np.where(2 * count >= len(defined), variance, np.nan)


def _centred(replicates: np.ndarray, defined: np.ndarray) -> np.ndarray:
    """(S, B, M) deviations from each model's mean over the resamples that define the metric, 0 in the others."""
    kept = np.where(defined, replicates, 0)
    mean = kept.sum(axis=1, keepdims=True) / np.maximum(defined.sum(axis=0), 1)
    return np.where(defined, kept - mean, 0)


def _pairs(deviations: np.ndarray) -> np.ndarray:
    """(M,) the sum of products over resamples, averaged over pairs of different models; of one model, its squares."""
    models = len(deviations)
    own = (deviations**2).sum(axis=(0, 1))
    if models == 1:
        return own
    return ((deviations.sum(axis=0) ** 2).sum(axis=0) - own) / (models * (models - 1))
