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


@dataclass(frozen=True)
class Resampled:
    """What a metric gives for B resamples: (B,) float64 arrays, NaN where a resample has no instance that defines it.

    Parameters
    ----------
    metrics
        Over all categories, by name.
    categories
        By category's name, then by the metric's. Each is kept for every resample, so that few are worth it.
    strata
        By what divides the instances, then by name, then by the metric's.
    """

    metrics: dict[str, np.ndarray]
    categories: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    strata: dict[str, dict[str, dict[str, np.ndarray]]] = field(default_factory=dict)


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

    def resample(self, details: D, draws: np.ndarray) -> Resampled:
        """The metrics of resamples of a split's images, or some of them.

        Several threads may ask for some of the resamples each.

        Parameters
        ----------
        details
            As :meth:`details` returns it.
        draws
            (B, I) unsigned integers: how often each image, in ascending order of image id, is in each resample.

        Returns
        -------
        Resampled
            As :meth:`score` gives for the datasets that have each image as often, the copies of one after another.
        """
        raise NotImplementedError


def mean_of_defined(values: np.ndarray) -> np.ndarray:
    """The mean of (K, ...) values over the first axis, of those that are not NaN; NaN where all are."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=0)
    total = np.where(defined, values, 0.0).sum(axis=0)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
