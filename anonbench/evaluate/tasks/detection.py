"""Detection: boxes."""

from __future__ import annotations

from anonbench.evaluate.records import Record
from anonbench.evaluate.task import Task


class Detection(Task):
    """Find every object and draw a box around it."""

    kind, iou_type = "bbox", "bbox"

    def area(self, value: list[float], category: Record) -> float:
        return value[2] * value[3]
