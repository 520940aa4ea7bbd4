"""CrowdPose's protocol: OKS AP whose area is a share of the box, overall and by how crowded an image is.

Li et al., "CrowdPose: Efficient Crowded Scenes Pose Estimation and A New Benchmark", CVPR 2019; the toolkit is
``crowdposetools`` (https://github.com/Jeff-sjtu/CrowdPose, ``cocoeval.py`` of commit 86fe5e1), of which xtcocotools'
``keypoints_crowd`` with ``use_area=False`` is a copy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from anonbench.common.errors import UserError
from anonbench.evaluate import coco
from anonbench.evaluate.comparison import Comparison
from anonbench.evaluate.matches import Matches, average_precisions
from anonbench.evaluate.metric import Metric, Scores
from anonbench.evaluate.records import Record, named

_AREA_OF_BOX = 0.53
_LEVELS = ("easy", "medium", "hard")
_EDGES = (0.2, 0.8)


@dataclass(frozen=True)
class Crowded:
    """The matches of every detection by category's name, and the (I,) level of every image: 0 easy to 2 hard."""

    matches: dict[str, Matches]
    levels: np.ndarray


class CrowdPose(Metric[Crowded]):
    """CrowdPose's average precision of poses.

    It is COCO's keypoint evaluation but for three things: a person's area is 0.53 of the box, there is no split by
    area, and AP is also taken of the images in three ranges of ``crowdIndex``. The paper draws the first line between
    the ranges at 0.1; the toolkit, and so what is published, at 0.2.

    The metrics are ``AP``, ``AP50``, ``AP75``, ``AP_easy``, ``AP_medium``, ``AP_hard`` (images whose ``crowdIndex`` is
    below 0.2, below 0.8, and the others) and ``AR``. Unlike the toolkit's, the APs by crowd index are not rounded to
    four digits. An image without a ``crowdIndex`` is an error.
    """

    protocol = "crowdpose"
    kinds = ("keypoints",)

    def score(self, comparison: Comparison) -> Scores:
        comparison = _sized(comparison)
        runs = coco.evaluations(comparison)
        metrics = coco.overall(runs, comparison.task.iou_type)
        values = _by_crowd(_crowded(comparison, runs))
        return Scores(
            {
                **{key: metrics[key] for key in ("AP", "AP50", "AP75")},
                **{key: None if math.isnan(value) else value for key, value in values.items()},
                "AR": metrics["AR"],
            },
            coco.by_category(runs, comparison.categories),
        )

    def details(self, comparison: Comparison) -> Crowded:
        comparison = _sized(comparison)
        return _crowded(comparison, coco.evaluations(comparison))

    def resample(self, details: Crowded, image_indices: np.ndarray | None = None) -> dict[str, float]:
        chosen = np.arange(len(details.levels)) if image_indices is None else np.asarray(image_indices, dtype=np.int64)
        return average_precisions(details.matches.values(), chosen) | _by_crowd(details, chosen)


def _sized(comparison: Comparison) -> Comparison:
    """The same with the area of every annotation taken from its box."""

    def sized(record: Record) -> Record:
        _, _, width, height = record["bbox"]
        return {**record, "area": width * height * _AREA_OF_BOX}

    split = comparison.split
    return replace(comparison, split={**split, "annotations": [sized(record) for record in split["annotations"]]})


def _crowded(comparison: Comparison, runs: list[coco.Evaluation]) -> Crowded:
    crowding = {image["id"]: image.get("crowdIndex") for image in comparison.split["images"]}
    if None in crowding.values():
        raise UserError(
            f"{named(comparison.split)} has an image without `crowdIndex`, which CrowdPose's protocol needs.",
            "Convert it again from CrowdPose's own annotations.",
        )
    levels = np.digitize([crowding[key] for key in comparison.image_ids], _EDGES)
    return Crowded(coco.matches_by_category(runs, comparison.categories), levels)


def _by_crowd(details: Crowded, image_indices: np.ndarray | None = None) -> dict[str, float]:
    chosen = np.arange(len(details.levels)) if image_indices is None else image_indices
    return {
        f"AP_{name}": average_precisions(details.matches.values(), chosen[details.levels[chosen] == level])["AP"]
        for level, name in enumerate(_LEVELS)
    }
