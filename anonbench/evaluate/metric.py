"""The base class of metrics."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

import numpy as np

from anonbench.common.plugins import Plugin
from anonbench.evaluate.cell import Stratum
from anonbench.evaluate.comparison import Comparison
from anonbench.evaluate.records import Values
from anonbench.evaluate.task import Task

D = TypeVar("D")


@dataclass(frozen=True)
class Scores:
    """What a metric gives for one model, split and task.

    Parameters
    ----------
    metrics
        Over all categories.
    categories
        By category's name; empty where the metric says nothing of single categories.
    instances
        How many instances the metric counts, by category's name, where this differs from what the task counts.
    strata
        Of other parts of the instances, by what divides them and name, such as ``height_px`` and ``32-64``. The
        annotations alone decide which there are.
    """

    metrics: Values
    categories: dict[str, Values] = field(default_factory=dict)
    instances: dict[str, int] | None = None
    strata: dict[str, dict[str, Stratum]] = field(default_factory=dict)


class Metric(Plugin, Generic[D]):
    """A rule by which tasks are scored. Every metric that applies to a split's protocol and a task is in the cell.

    What is computed for each image can be kept as ``D``, of which metrics of any resample of the images follow without
    comparing again; metrics that cannot be resampled leave :meth:`details` and :meth:`resample` as they are.
    """

    kinds: ClassVar[tuple[str, ...]]
    """The kinds of result that are scored: those of the tasks."""
    protocol: ClassVar[str | None] = None
    """The protocol whose rule this is, as a split's ``info.protocol`` names it; None for a metric beside every rule.

    A task for which a protocol has no rule is scored by COCO's.
    """

    def applies(self, protocol: str, task: Task) -> bool:
        """Whether this metric scores a task of a split with that protocol."""
        return task.kind in self.kinds and self.protocol in (None, protocol)

    @abstractmethod
    def score(self, comparison: Comparison) -> Scores:
        """The metrics of one model's results.

        Raises
        ------
        UserError
            If the split lacks what the metric needs, or a result is not finite.
        ValueError
            If a result does not fit the split.
        """

    def details(self, comparison: Comparison) -> D | None:
        """What has to be known of every image, or None where the metric cannot be resampled; errors as in scoring."""
        return None

    def resample(self, details: D, image_indices: np.ndarray | None = None) -> dict[str, float]:
        """The metrics over all categories of a resample of a split's images, or some of them.

        Parameters
        ----------
        details
            As :meth:`details` returns it.
        image_indices
            (N,) integer positions in the ascending image ids, repeated as drawn; None for every image once.

        Returns
        -------
        dict
            As :meth:`score` gives for a dataset of these images; NaN where they have no instance that defines it.
        """
        raise NotImplementedError
