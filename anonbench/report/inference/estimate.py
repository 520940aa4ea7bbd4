"""A drop, how well it is known, and what follows from that: its interval, tests, and the smallest detectable drop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from anonbench.report.inference.images import image_variance
from anonbench.report.inference.sample import Sample
from anonbench.report.inference.seeds import Spread


@dataclass(frozen=True)
class Estimate:
    """The drops of M metrics; all arrays are (M,) float64, fractions of 1.

    Parameters
    ----------
    baseline, value
        Means over the models of the originals, and of the variant.
    standard_error, df
        Of ``drop``, from the variances over images, seeds and draws, with the degrees of freedom after Satterthwaite
        (Biometrics Bulletin 2, 1946). NaN where the metric has no resamples.
    images_error
        The part of the standard error that no further seed makes smaller.
    lower_bound
        (M,) bool: one side has a single seed, so the standard error may be too small and there is no verdict.
    """

    baseline: np.ndarray
    value: np.ndarray
    standard_error: np.ndarray
    df: np.ndarray
    images_error: np.ndarray
    lower_bound: np.ndarray

    @property
    def drop(self) -> np.ndarray:
        """Baseline minus value: negative where anonymized training wins."""
        return self.baseline - self.value

    def interval(self, confidence: float) -> tuple[np.ndarray, np.ndarray]:
        """The ends of the two-sided t interval of the drop."""
        reach = student.ppf((1 + confidence) / 2, self.df) * self.standard_error
        return self.drop - reach, self.drop + reach

    def p_different(self) -> np.ndarray:
        """Two-sided p-values of "the drop is 0"."""
        return 2 * student.sf(*self._ratio(np.abs(self.drop)))

    def p_equivalent(self, margin: float) -> np.ndarray:
        """P-values of "the drop is not within the margin": the larger of two one-sided tests (Schuirmann 1987)."""
        return student.sf(*self._ratio(margin - np.abs(self.drop)))

    def detectable(self, confidence: float, power: float) -> np.ndarray:
        """The drop that one comparison alone would show with this probability."""
        return (student.ppf((1 + confidence) / 2, self.df) + student.ppf(power, self.df)) * self.standard_error

    def _ratio(self, distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A distance in standard errors, infinite where it is known exactly; and the degrees of freedom."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(
                self.standard_error > 0,
                distance / self.standard_error,
                np.where(distance, np.sign(distance) * np.inf, 0),
            )
        return np.where(np.isfinite(self.standard_error), ratio, np.nan), self.df


def estimate(baseline: Sample, variant: Sample, images: int, seeds: Spread, draws: Spread | None = None) -> Estimate:
    """What is known of a variant's drops.

    The variance of a drop is that of its expectation over validation sets, plus what the seeds of the originals and of
    the variant add, plus, for a learned method, what the draws of its generator add::

        V = V_images + sigma_seed^2 (1 / n_baseline + 1 / n_variant) + sigma_draw^2 / draws

    Parameters
    ----------
    baseline, variant
        The models of the originals and of the variant.
    images
        How many images, or groups of images, are resampled.
    seeds
        As of :func:`anonbench.report.inference.seeds.seed_spread`.
    draws
        As of :func:`anonbench.report.inference.seeds.draw_spread`, for a variant that is drawn anew in each draw.
    """
    parts = [(image_variance(baseline, variant), np.full_like(seeds.df, max(images - 1, 1)))]
    trainings = 1 / baseline.count + 1 / variant.count
    parts.append((np.where(seeds.df > 0, seeds.variance, 0) * trainings, np.maximum(seeds.df, 1)))
    if draws is not None:
        known = np.where(draws.df > 0, draws.variance, 0)
        parts.append((known / len(variant.by_draw), np.maximum(draws.df, 1)))
    single = min(baseline.count, variant.count) < 2
    return _estimate(baseline, variant, parts, single | (seeds.df == 0))


def estimate_paired(baseline: Sample, variant: Sample, images: int) -> Estimate:
    """What is known of the drops of the same models on other images.

    What the seed of a training adds to both is not in their difference, whose own spread over models counts instead.

    Parameters
    ----------
    baseline, variant
        The same models in the same order, on the originals and on other images.
    images
        How many images, or groups of images, are resampled.
    """
    points, replicates = baseline.points - variant.points, baseline.replicates - variant.replicates
    nothing = Sample(np.zeros_like(points), np.zeros_like(replicates), baseline.draws)
    squares, df = Sample(points, replicates, baseline.draws).within_draws
    parts = [
        (image_variance(nothing, Sample(points, replicates, baseline.draws)), max(images - 1, 1)),
        (squares / df / baseline.count if df else np.zeros_like(squares), max(df, 1)),
    ]
    return _estimate(baseline, variant, parts, np.full(len(squares), df == 0))


def _estimate(
    baseline: Sample, variant: Sample, parts: list[tuple[np.ndarray, np.ndarray | int]], lower_bound: np.ndarray
) -> Estimate:
    """From the parts of the variance, that of the images first, and the degrees of freedom of each."""
    total = np.sum([variance for variance, _ in parts], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = total**2 / np.sum([variance**2 / df for variance, df in parts], axis=0)
    return Estimate(
        baseline.value, variant.value, np.sqrt(total), np.where(total > 0, df, np.inf), np.sqrt(parts[0][0]),
        lower_bound,
    )  # fmt: skip
