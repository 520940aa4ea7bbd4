"""The errors of one model on one split."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from statistics import fmean

from anonbench.config.cells import Cell
from anonbench.evaluate.comparison import Comparison, compare
from anonbench.evaluate.errors.detections import detection_errors
from anonbench.evaluate.errors.poses import pose_errors
from anonbench.evaluate.errors.record import CellErrors, Decomposition, Error, TaskErrors
from anonbench.evaluate.records import Record
from anonbench.evaluate.scopes import who
from anonbench.models.predictions import Predictions


def diagnose_cell(cell: Cell, annotations: Record, predictions: Predictions, tasks: Iterable[str]) -> CellErrors:
    """The errors of a cell's tasks: of boxes and masks as TIDE has them, of poses those in placing keypoints.

    Parameters and errors are those of :func:`anonbench.evaluate.score.score_cell`, but for the split's protocol, which
    plays no part.
    """
    return CellErrors(
        **asdict(cell),
        tasks={task: _diagnose(compare(annotations, predictions, task)) for task in tasks},
    )


def _diagnose(comparison: Comparison) -> TaskErrors:
    found = pose_errors(comparison) if comparison.task.kind == "keypoints" else detection_errors(comparison)
    people = {category["name"] for category in comparison.categories if category.get("is_person")}
    parts = who(found.categories, people)
    groups = {name: together([found.categories[one] for one in of]) for name, of in parts.items()}
    return found.model_copy(update={"groups": groups})


def together(parts: Sequence[Decomposition]) -> Decomposition:
    """The errors of several categories: counts are sums, AP and its rises are means over those that define them."""
    kinds = list(dict.fromkeys(kind for part in parts for kind in part.errors))
    of = {kind: [part.errors[kind] for part in parts if kind in part.errors] for kind in kinds}
    return Decomposition(
        ap=_mean([part.ap for part in parts]),
        errors={
            kind: Error(count=sum(one.count for one in errors), dap=_mean([one.dap for one in errors]))
            for kind, errors in of.items()
        },
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
