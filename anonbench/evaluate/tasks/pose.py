"""Pose: keypoints."""

from __future__ import annotations

from anonbench.common.errors import UserError
from anonbench.evaluate.records import Record, named
from anonbench.evaluate.task import Task


class Pose(Task):
    """Find the keypoints of every person, or of whatever else a dataset has keypoints for.

    People without keypoints are regions in which detections are ignored. An annotation's ``num_keypoints`` decides who
    these are, as in pycocotools: CrowdPose's leaves out some who have labelled ones, and a positive one counts a person
    none of whose keypoints is labelled, whom a pose finds by lying in or beside the box.
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
        record, places = super().truth(annotation, category), annotation.get("keypoints")
        if not places:
            return record | {"keypoints": [0] * (3 * len(category["keypoints"])), "num_keypoints": 0}
        number = annotation.get("num_keypoints", sum(v > 0 for v in places[2::3]))
        return record | {"keypoints": places, "num_keypoints": number}

    def area(self, value: list[float], category: Record) -> float:
        if len(value) != 3 * len(category["keypoints"]):
            raise ValueError(f"{self.name}: {len(value)} numbers for the category {category['name']}")
        x, y = value[0::3], value[1::3]
        return (max(x) - min(x)) * (max(y) - min(y))
