"""The metrics of one model on one split, overall and per category, by the split's own protocol."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from anonbench.common.errors import UserError
from anonbench.config.cells import Cell
from anonbench.evaluate.cell import CategoryScores, CellScores, Stratum, TaskScores, mean_over
from anonbench.evaluate.choice import metrics_for
from anonbench.evaluate.comparison import Comparison, compare
from anonbench.evaluate.records import Record, Values
from anonbench.evaluate.scopes import WHO, who
from anonbench.models.predictions import Predictions


def score(annotations: Record, predictions: Predictions, tasks: Iterable[str]) -> dict[str, TaskScores]:
    """Score a model's tasks by every metric that applies, see :func:`anonbench.evaluate.choice.metrics_for`.

    Parameters
    ----------
    annotations
        The split in the common form. It is not changed.
    predictions
        The model's results on it. They are not changed.
    tasks
        Names of tasks.

    Returns
    -------
    dict
        The metrics by task. They are documented by the classes in :mod:`anonbench.evaluate.metrics`.

    Raises
    ------
    UserError
        If there is no such task, the model does not serve it, the split lacks what a task or its protocol needs (masks,
        keypoints, sigmas, ...), results are not finite, or two metrics give the same name.
    ValueError
        If results name images or categories that the split does not have, or the protocol is unknown.
    """
    return {task: _score_task(compare(annotations, predictions, task)) for task in tasks}


def score_cell(cell: Cell, annotations: Record, predictions: Predictions, tasks: Iterable[str]) -> CellScores:
    """The metrics of one cell; the other parameters, and errors, are those of :func:`score`."""
    scores = score(annotations, predictions, tasks)
    return CellScores(
        **asdict(cell),
        images=len(annotations["images"]),
        tasks=scores,
    )


def _score_task(comparison: Comparison) -> TaskScores:
    metrics: Values = {}
    by_category: dict[str, Values] = {category["name"]: {} for category in comparison.categories}
    strata: dict[str, dict[str, Stratum]] = {}
    instances = None
    for metric in metrics_for(comparison.split, comparison.task):
        scores = metric.score(comparison)
        if twice := sorted((metrics.keys() & scores.metrics.keys()) | (strata.keys() & scores.strata.keys())):
            raise UserError(
                f"The metric {metric.name!r} gives {', '.join(twice)}, which another metric of the task gives, too.",
                "Rename what your own metric gives.",
            )
        metrics |= scores.metrics
        strata |= scores.strata
        for name, values in scores.categories.items():
            by_category[name] |= values
        instances = scores.instances if instances is None else instances
    instances = comparison.instances() if instances is None else instances
    categories = {
        category["name"]: CategoryScores(
            instances=instances[category["name"]],
            metrics=by_category[category["name"]],
            supercategory=category.get("supercategory"),
        )
        for category in comparison.categories
    }
    people = {category["name"] for category in comparison.categories if category.get("is_person")}
    means = {name: mean_over([categories[one] for one in of]) for name, of in who(categories, people).items()}
    return TaskScores(
        instances=sum(instances.values()),
        metrics=metrics,
        categories=categories,
        strata={WHO: means} | strata if means else strata,
    )
