"""Pose: keypoints."""

from __future__ import annotations

from anonbench.common.errors import UserError
from anonbench.evaluate.records import Record, named
from anonbench.evaluate.task import Task


class Pose(Task):
    """Find the keypoints of every person, or of whatever else a dataset has keypoints for.

    People without keypoints are regions in which detections are ignored. An annotation's ``num_keypoints`` decides who
    these are, as in pycocotools: CrowdPose's leaves out some who have labelled ones.
    """

    kind, iou_type = "keypoints", "keypoints"
    needs = "with keypoints "

    def takes(self, category: Record) -> bool:
        return bool(category.get("keypoints"))

    def categories(self, split: Record) -> list[Record]:
        found = super().categories(split)
        for category in found:
            if len(category.get("sigmas") or ()) != len(category["keypoints"]):
                raise UserError(
                    f"{named(split)} does not give one OKS sigma for each keypoint of the category {category['name']}.",
                    "Add the list `sigmas` to the category, one number per keypoint.",
                )
        return found

    def truth(self, annotation: Record, category: Record) -> Record:
        places = annotation.get("keypoints") or [0] * (3 * len(category["keypoints"]))
        labelled = sum(v > 0 for v in places[2::3])
        number = min(annotation.get("num_keypoints", labelled), labelled)
        return super().truth(annotation, category) | {"keypoints": places, "num_keypoints": number}

    def area(self, value: list[float], category: Record) -> float:
        if len(value) != 3 * len(category["keypoints"]):
            raise ValueError(f"{self.name}: {len(value)} numbers for the category {category['name']}")
        x, y = value[0::3], value[1::3]
        return (max(x) - min(x)) * (max(y) - min(y))
