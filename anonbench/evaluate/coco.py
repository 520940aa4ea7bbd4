"""pycocotools without its printing, its in-place changes and its blind spots."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


@dataclass(frozen=True)
class Evaluation:
    """What pycocotools makes of one IoU type.

    ``precision`` is (T, R, K, A, M) and ``recall`` (T, K, A, M) float64 over IoU thresholds, recall thresholds,
    categories, area ranges and numbers of detections, -1 where undefined. ``images[k]`` has, for category k and all
    areas, an entry per image (in ascending order of image id), None where the image has neither instances nor
    detections of it.
    """

    precision: np.ndarray
    recall: np.ndarray
    images: list[list[dict[str, Any] | None]]
    areas: tuple[str, ...]
    max_detections: tuple[int, ...]


def evaluate(
    images: Sequence[dict[str, Any]],
    categories: Sequence[dict[str, Any]],
    instances: list[dict[str, Any]],
    detections: list[dict[str, Any]],
    iou_type: str,
    sigmas: Sequence[float] | None = None,
) -> Evaluation:
    """Run COCO's evaluation on records that this function may keep and change.

    Parameters
    ----------
    images, categories
        COCO records; categories in the order of the result's axis K, ids ascending.
    instances
        Ground truth with ``image_id``, ``category_id``, ``bbox``, ``area``, ``iscrowd`` and what the IoU type needs.
    detections
        The same plus ``score``, instead of ``iscrowd``. They are not given to ``COCO.loadRes``, which fails on an
        empty list.
    iou_type
        ``bbox``, ``segm`` or ``keypoints``.
    sigmas
        OKS standard deviations, one a keypoint, for ``keypoints``.
    """
    for records in (instances, detections):
        for key, record in enumerate(records, start=1):
            record["id"] = key  # pycocotools takes a match with id 0 for no match
    for record in detections:
        record["iscrowd"] = 0
    with contextlib.redirect_stdout(io.StringIO()):
        run = COCOeval(_indexed(images, categories, instances), _indexed(images, categories, detections), iou_type)
        if sigmas is not None:
            run.params.kpt_oks_sigmas = np.asarray(sigmas, dtype=np.float64)
        run.evaluate()
        run.accumulate()
    count, ranges = len(run.params.imgIds), len(run.params.areaRng)
    per_category = [run.evalImgs[k * ranges * count :][:count] for k in range(len(categories))]
    return Evaluation(
        run.eval["precision"], run.eval["recall"], per_category,
        tuple(run.params.areaRngLbl), tuple(run.params.maxDets),
    )  # fmt: skip


def _indexed(images: Sequence[dict], categories: Sequence[dict], annotations: list[dict]) -> COCO:
    indexed = COCO()
    indexed.dataset = {"images": list(images), "categories": list(categories), "annotations": annotations}
    indexed.createIndex()
    return indexed
