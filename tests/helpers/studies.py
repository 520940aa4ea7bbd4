"""Studies with a known truth: scores of images that differ by image, variant, training, and both together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anonbench.report.inference.sample import Sample


@dataclass(frozen=True)
class Truth:
    """How a metric, the mean over images, comes about; standard deviations but for the drop and counts."""

    drop: float = 0.0
    images: int = 120
    seeds: int = 3
    variants: int = 6
    image: float = 0.3
    variant_and_image: float = 0.2
    training: float = 0.02
    training_and_image: float = 0.3


def draw(truth: Truth, rng: np.random.Generator, resamples: int = 300) -> tuple[Sample, list[Sample]]:
    """The originals' models and those of every variant, each of one metric."""
    weights = rng.multinomial(truth.images, np.full(truth.images, 1 / truth.images), size=resamples) / truth.images
    image = rng.normal(0.6, truth.image, truth.images)

    def sample(drop: float) -> Sample:
        own = rng.normal(0, truth.variant_and_image, truth.images)
        training = rng.normal(0, truth.training, (truth.seeds, 1))
        noise = rng.normal(0, truth.training_and_image, (truth.seeds, truth.images))
        scores = image + own - drop + training + noise
        return Sample(scores.mean(axis=1)[:, None], (scores @ weights.T)[..., None], np.zeros(truth.seeds, int))

    return sample(0.0), [sample(truth.drop) for _ in range(truth.variants)]


def certain(points: list[float], resamples: int = 20) -> Sample:
    """Models whose metric does not vary with the images."""
    values = np.array(points)[:, None]
    return Sample(values, np.repeat(values[:, None], resamples, axis=1), np.zeros(len(points), int))
