"""Instance segmentation: masks."""

from __future__ import annotations

from anonbench.common.errors import UserError
from anonbench.evaluate.records import Record, named
from anonbench.evaluate.task import Task
from anonbench.models.predictions import Rle


class InstanceSegmentation(Task):
    """Find every object and mark its pixels.

    An instance without a mask, where others have one, cannot be scored: its box becomes a region in which detections
    are ignored, as COCO's crowds are.
    """

    kind, iou_type = "segmentation", "segm"

    def categories(self, split: Record) -> list[Record]:
        known = split["annotations"]
        if known and not any(record.get("segmentation") for record in known):
            raise UserError(
                f"{named(split)} has no masks, which the task {self.name} is scored with.",
                f"Take {self.name} out of the model's tasks for this dataset, or add segmentations to it.",
            )
        return super().categories(split)

    def truth(self, annotation: Record, category: Record) -> Record:
        record = super().truth(annotation, category)
        if mask := annotation.get("segmentation"):
            return record | {"segmentation": mask}
        x, y, w, h = annotation["bbox"]
        return record | {"segmentation": [[x, y, x + w, y, x + w, y + h, x, y + h]], "iscrowd": 1}

    def numbers(self, value: Rle) -> tuple[float, ...]:
        return ()

    def area(self, value: Rle, category: Record) -> float:
        from pycocotools import mask as rle

        return float(rle.area(value))
