"""CrowdPose's protocol: OKS AP whose area is a share of the box, overall and by how crowded an image is.

Li et al., "CrowdPose: Efficient Crowded Scenes Pose Estimation and A New Benchmark", CVPR 2019; the toolkit is
``crowdposetools`` (https://github.com/Jeff-sjtu/CrowdPose, ``cocoeval.py`` of commit 86fe5e1), of which xtcocotools'
``keypoints_crowd`` with ``use_area=False`` is a copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from anonbench.common.errors import UserError
from anonbench.evaluate import coco
from anonbench.evaluate.comparison import Comparison
from anonbench.evaluate.matches import CategoryMatches, average_precisions
from anonbench.evaluate.metric import Metric, Resampled, Scores, mean_of_defined
from anonbench.evaluate.records import Record, named

_AREA_OF_BOX = 0.53
_AVERAGES = ("AP", "AP50", "AP75")
_LEVELS = ("easy", "medium", "hard")
_EDGES = (0.2, 0.8)


@dataclass(frozen=True)
class Crowded:
    """The matches of every detection by category's name, and the (I,) level of every image: 0 easy to 2 hard."""

    matches: dict[str, CategoryMatches]
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
        crowded = _crowded(comparison, runs)
        once = np.ones((1, len(crowded.levels)), dtype=np.uint16)
        by_crowd = {name: None if np.isnan(value) else float(value) for name, (value,) in _by_crowd(crowded, once)}
        metrics = coco.overall(runs)
        return Scores(
            {**{key: metrics[key] for key in _AVERAGES}, **by_crowd, "AR": metrics["AR"]},
            coco.by_category(runs, comparison.categories),
        )

    def details(self, comparison: Comparison) -> Crowded:
        comparison = _sized(comparison)
        return _crowded(comparison, coco.evaluations(comparison))

    def resample(self, details: Crowded, draws: np.ndarray) -> Resampled:
        whole = coco.resampled(details.matches, draws)
        metrics = {key: whole.metrics[key] for key in _AVERAGES} | dict(_by_crowd(details, draws))
        return Resampled(metrics | {"AR": whole.metrics["AR"]}, whole.categories)


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


def _by_crowd(details: Crowded, draws: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The names of the APs of each range of images, and their (B,) values for (B, I) draws."""
    for level, name in enumerate(_LEVELS):
        drawn = draws * (details.levels == level).astype(draws.dtype)
        found = average_precisions([one.ranges["all"] for one in details.matches.values()], drawn)
        yield f"AP_{name}", mean_of_defined(found.mean(axis=2))
