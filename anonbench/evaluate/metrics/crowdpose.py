"""CrowdPose's protocol: OKS AP whose area is a share of the box, overall and by how crowded an image is.

Li et al., "CrowdPose: Efficient Crowded Scenes Pose Estimation and A New Benchmark", CVPR 2019; the toolkit is
``crowdposetools`` (https://github.com/Jeff-sjtu/CrowdPose, ``cocoeval.py`` of commit 86fe5e1), of which xtcocotools'
``keypoints_crowd`` with ``use_area=False`` is a copy. It is COCO's keypoint evaluation but for three things: a person's
area is 0.53 of the box, there is no split by area, and AP is also taken of the images in three ranges of
``crowdIndex``. The paper draws the first line between the ranges at 0.1; the toolkit, and so what is published, at 0.2.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from anonbench.common.errors import UserError
from anonbench.evaluate.bootstrap import ap_from_details
from anonbench.evaluate.metrics import coco
from anonbench.evaluate.records import named

_AREA_OF_BOX = 0.53
_LEVELS = ("easy", "medium", "hard")
_EDGES = (0.2, 0.8)


def score_task(
    annotations: dict[str, Any], categories: list[dict[str, Any]], task: str, results: list[dict[str, Any]]
) -> dict[str, Any]:
    """Score ``pose``; parameters, result and errors are those of :func:`anonbench.evaluate.metrics.coco.score_task`.

    ``metrics`` are ``AP``, ``AP50``, ``AP75``, ``AP_easy``, ``AP_medium``, ``AP_hard`` (images whose ``crowdIndex`` is
    below 0.2, below 0.8, and the others), ``AR`` and ``PCK``. Unlike the toolkit's, the APs by crowd index are not
    rounded to four digits.

    Raises
    ------
    UserError
        If an image has no ``crowdIndex``.
    """
    scored = coco.score_task(
        {**annotations, "annotations": [_sized(record) for record in annotations["annotations"]]},
        categories,
        task,
        results,
    )
    metrics = scored["metrics"]
    scored["metrics"] = {
        **{key: metrics[key] for key in ("AP", "AP50", "AP75")},
        **_by_crowd(annotations, scored["per_image"]),
        **{key: metrics[key] for key in ("AR", "PCK")},
    }
    return scored


def _sized(record: dict[str, Any]) -> dict[str, Any]:
    _, _, width, height = record["bbox"]
    return {**record, "area": width * height * _AREA_OF_BOX}


def _by_crowd(annotations: dict[str, Any], details: dict[str, Any]) -> dict[str, float | None]:
    crowding = {image["id"]: image.get("crowdIndex") for image in annotations["images"]}
    if None in crowding.values():
        raise UserError(
            f"{named(annotations)} has an image without `crowdIndex`, by which CrowdPose's protocol is scored.",
            "Convert it again from CrowdPose's own annotations.",
        )
    levels = np.digitize([crowding[key] for key in details["image_ids"]], _EDGES)
    values = (ap_from_details(details, np.flatnonzero(levels == level)) for level in range(len(_LEVELS)))
    return {f"AP_{name}": None if math.isnan(value) else value for name, value in zip(_LEVELS, values, strict=True)}
