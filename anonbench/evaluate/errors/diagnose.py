"""The errors of one model on one split."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from anonbench.config.cells import Cell
from anonbench.evaluate.comparison import Comparison, compare
from anonbench.evaluate.errors.detections import detection_errors
from anonbench.evaluate.errors.poses import pose_errors
from anonbench.evaluate.errors.record import CellErrors, TaskErrors
from anonbench.evaluate.records import Record
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
    return pose_errors(comparison) if comparison.task.kind == "keypoints" else detection_errors(comparison)
