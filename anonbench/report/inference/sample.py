"""What is known of one trained variant: its metrics over seeds, and over resamples of the validation images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Sample:
    """Models of one kind that were trained on the same images, one per seed, and their metrics.

    Parameters
    ----------
    points
        (S, M) float64: S models, M metrics; NaN where a metric is undefined.
    replicates
        (S, B, M): the same on B resamples of the validation images. The resamples are the same for all models of a
        dataset.
    draws
        (S,) int64: which repetition of everything random before the model (a generator's training, the anonymizer's
        noise) each was trained on.
    """

    points: np.ndarray
    replicates: np.ndarray
    draws: np.ndarray

    def __post_init__(self) -> None:
        seeds, _, metrics = self.replicates.shape
        if self.points.shape != (seeds, metrics) or self.draws.shape != (seeds,):
            raise ValueError(f"{self.points.shape} and {self.draws.shape} do not fit {self.replicates.shape}")

    def chosen(self, models: Sequence[int]) -> Sample:
        """Those models alone, in that order."""
        return Sample(self.points[models], self.replicates[models], self.draws[models])

    @property
    def count(self) -> int:
        """The number of models."""
        return len(self.points)

    @cached_property
    def value(self) -> np.ndarray:
        """(M,) the mean over models."""
        return self.points.mean(axis=0)

    @cached_property
    def by_draw(self) -> np.ndarray:
        """(K, M) the mean over the models of each draw."""
        return np.stack([self.points[self.draws == draw].mean(axis=0) for draw in np.unique(self.draws)])

    @cached_property
    def within_draws(self) -> tuple[np.ndarray, int]:
        """The (M,) sum of squares of models around the mean of their draw, and its degrees of freedom."""
        _, place = np.unique(self.draws, return_inverse=True)
        return ((self.points - self.by_draw[place]) ** 2).sum(axis=0), self.count - len(self.by_draw)
