"""Every metric of a model for many resamples of a split's images, which are compared with predictions once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from anonbench.evaluate.choice import metrics_for
from anonbench.evaluate.comparison import Comparison, compare
from anonbench.evaluate.draws import units
from anonbench.evaluate.metric import D, Metric, Resampled, mean_of_defined
from anonbench.evaluate.records import Record
from anonbench.evaluate.replicates import Column, Replicates
from anonbench.evaluate.scopes import ALL, CATEGORY, SUPERCATEGORY, WHO, families, who
from anonbench.models.predictions import Predictions


def bootstrap(
    annotations: Record, predictions: Predictions, tasks: Iterable[str], draws: np.ndarray, threads: int = 1
) -> Replicates:
    """The metrics of a model on every resample of a split's images.

    Parameters
    ----------
    annotations, predictions, tasks
        As of :func:`anonbench.evaluate.score.score`; so are the errors.
    draws
        (B, I) unsigned integers, as :func:`anonbench.evaluate.draws.draw` returns them.
    threads
        How many resamples are computed at a time.

    Returns
    -------
    Replicates
        As far as metrics can be resampled, by task: those over all categories, and of categories and super-categories
        what metrics give for a category, COCO's rule ``AP`` alone. A super-category's is the mean over those of its
        categories that define it in the same resample.
    """
    # The split itself goes first: every image once.
    every = np.concatenate([np.ones((1, draws.shape[1]), dtype=draws.dtype), draws])
    columns: list[Column] = []
    values: list[np.ndarray] = []
    for task in tasks:
        comparison = compare(annotations, predictions, task)
        for scope, category, metric, found in _scopes(comparison, resample(comparison, every, threads)):
            columns.append(Column(task, scope, category, metric))
            values.append(found)
    table = np.stack(values, axis=1) if values else np.empty((len(every), 0))
    return Replicates(columns, table[0], table[1:].astype(np.float32), units(annotations["images"]))


def resample(comparison: Comparison, draws: np.ndarray, threads: int = 1) -> Resampled:
    """What all metrics of a task give together; parameters are those of :func:`bootstrap`."""
    metrics: dict[str, np.ndarray] = {}
    categories: dict[str, dict[str, np.ndarray]] = {category["name"]: {} for category in comparison.categories}
    strata: dict[str, dict[str, dict[str, np.ndarray]]] = {}
    for metric in metrics_for(comparison.split, comparison.task):
        details = metric.details(comparison)
        if details is not None:
            found = shared(metric, details, draws, threads)
            metrics |= found.metrics
            strata |= found.strata
            for name, values in found.categories.items():
                categories[name] |= values
    return Resampled(metrics, categories, strata)


def shared(metric: Metric[D], details: D, draws: np.ndarray, threads: int) -> Resampled:
    """What a metric gives for all resamples, of which every thread takes a share."""
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(partial(metric.resample, details), np.array_split(draws, threads)))
    return Resampled(
        _joined([part.metrics for part in parts]),
        {name: _joined([part.categories[name] for part in parts]) for name in parts[0].categories},
        {
            scope: {name: _joined([part.strata[scope][name] for part in parts]) for name in bands}
            for scope, bands in parts[0].strata.items()
        },
    )


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _scopes(comparison: Comparison, found: Resampled) -> Iterator[tuple[str, str, str, np.ndarray]]:
    """Scope, category, metric and (B,) values, scopes and categories as in the result matrix."""
    for metric, values in found.metrics.items():
        yield ALL, ALL, metric, values
    for category, metrics in found.categories.items():
        for metric, values in metrics.items():
            yield CATEGORY, category, metric, values
    supercategories = {category["name"]: category.get("supercategory") for category in comparison.categories}
    people = {category["name"] for category in comparison.categories if category.get("is_person")}
    for scope, groups in ((SUPERCATEGORY, families(supercategories)), (WHO, who(found.categories, people))):
        for name, members in groups.items():
            of_members = [found.categories[member] for member in members]
            for metric in dict.fromkeys(metric for values in of_members for metric in values):
                given = np.stack([values[metric] for values in of_members if metric in values])
                yield scope, name, metric, mean_of_defined(given)
    for scope, bands in found.strata.items():
        for name, metrics in bands.items():
            for metric, values in metrics.items():
                yield scope, name, metric, values
