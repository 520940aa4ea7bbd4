"""Metrics of any resample of a split's images, without comparing predictions and annotations anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from anonbench.evaluate.choice import metrics_for
from anonbench.evaluate.comparison import compare
from anonbench.evaluate.metric import Metric
from anonbench.evaluate.records import Record
from anonbench.models.predictions import Predictions


@dataclass(frozen=True)
class Details:
    """What is known of every image of a split for one model and task.

    Parameters
    ----------
    image_ids
        Ascending.
    parts
        Every metric of the task that can be resampled, with its details.
    """

    image_ids: list[int]
    parts: list[tuple[Metric, Any]]

    def metrics(self, image_indices: np.ndarray | None = None) -> dict[str, float]:
        """Metrics over all categories of a resample of the images.

        Parameters
        ----------
        image_indices
            (N,) integer positions in ``image_ids``, repeated as drawn; None for every image once.

        Returns
        -------
        dict
            What :func:`anonbench.evaluate.score.score` gives for a dataset of these images, as far as metrics can be
            resampled; NaN where they have no instance that defines one.
        """
        found: dict[str, float] = {}
        for metric, details in self.parts:
            found |= metric.resample(details, image_indices)
        return found


def details(annotations: Record, predictions: Predictions, task: str) -> Details:
    """Compare a model's predictions with the annotations, once before many resamples.

    Parameters and errors are those of :func:`anonbench.evaluate.score.score`.
    """
    comparison = compare(annotations, predictions, task)
    parts = [(metric, metric.details(comparison)) for metric in metrics_for(annotations, comparison.task)]
    return Details(comparison.image_ids, [(metric, found) for metric, found in parts if found is not None])
