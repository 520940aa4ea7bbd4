"""Ground truth and results of a task as the records that pycocotools scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from pycocotools import mask as rle

from anonbench.common.errors import UserError

# The key of a result that each task scores. Only this one is passed on: pycocotools would else take the area, and so
# the split into small, medium and large, from a box beside a mask or pose.
SCORED = {"detection": "bbox", "instance_segmentation": "segmentation", "pose": "keypoints"}


def named(annotations: dict[str, Any]) -> str:
    """What messages call a split in the common form."""
    info = annotations.get("info", {})
    return f"The dataset {info.get('dataset')} ({info.get('split')} split)"


def instances(annotations: list[dict[str, Any]], task: str, keypoints: int = 0) -> list[dict[str, Any]]:
    """New ground-truth records of a task.

    An instance without a mask cannot be scored by ``instance_segmentation``: its box becomes a region in which
    detections are ignored, as COCO's crowds are. People without keypoints are ignored by ``pose`` in the same way; a
    given ``num_keypoints`` decides who these are, as in pycocotools: CrowdPose's leaves some labelled ones out.

    Parameters
    ----------
    annotations
        In the common form, of the task's categories.
    task
        A key of :data:`SCORED`.
    keypoints
        K, for ``pose``.
    """
    records = []
    for annotation in annotations:
        x, y, w, h = annotation["bbox"]
        record = {key: annotation[key] for key in ("image_id", "category_id", "bbox")}
        record |= {"iscrowd": int(annotation.get("iscrowd", 0)), "area": annotation.get("area", w * h)}
        if task == "instance_segmentation":
            record["segmentation"] = annotation.get("segmentation")
            if not record["segmentation"]:
                record |= {"segmentation": [[x, y, x + w, y, x + w, y + h, x, y + h]], "iscrowd": 1}
        elif task == "pose":
            places = annotation.get("keypoints") or [0] * (3 * keypoints)
            labelled = sum(v > 0 for v in places[2::3])
            record |= {"keypoints": places, "num_keypoints": min(annotation.get("num_keypoints", labelled), labelled)}
        records.append(record)
    return records


def scored(record: dict[str, Any]) -> bool:
    """Whether a ground-truth record counts as an instance: no crowd, and for pose with a keypoint at least."""
    return not record["iscrowd"] and record.get("num_keypoints", 1) > 0


def detections(
    results: list[dict[str, Any]], task: str, images: set[int], categories: dict[int, dict[str, Any]]
) -> list[dict[str, Any]]:
    """New records of a task's results, with the area that pycocotools' ``loadRes`` would give them.

    Parameters
    ----------
    results
        COCO results: ``image_id``, ``category_id``, ``score`` and ``bbox`` ``[x, y, w, h]`` px, ``segmentation``
        (RLE), or ``keypoints`` flat ``[x, y, v] * K`` px.
    task
        A key of :data:`SCORED`.
    images
        The known image ids.
    categories
        The task's categories by id.

    Raises
    ------
    ValueError
        For a result of an unknown image or category, or with another number of keypoints than its category's.
    UserError
        For a score, box or keypoint that is not finite, which a diverged training produces.
    """
    key = SCORED[task]
    records = []
    for result in results:
        if result["image_id"] not in images or result["category_id"] not in categories:
            raise ValueError(f"{task}: image {result['image_id']} or category {result['category_id']} is not known")
        value = result[key]
        if not np.isfinite([result["score"], *(value if task != "instance_segmentation" else ())]).all():
            raise UserError(
                f"The model's {task} results contain numbers that are not finite, so its training has diverged.",
                "Lower the learning rate in the model's config, or turn mixed precision off, and train it again.",
            )
        record = {"image_id": result["image_id"], "category_id": result["category_id"], key: value}
        record["score"] = float(result["score"])
        if task == "detection":
            record["area"] = value[2] * value[3]
        elif task == "instance_segmentation":
            record |= {"area": float(rle.area(value)), "bbox": rle.toBbox(value).tolist()}
        else:
            if len(value) != 3 * len(categories[result["category_id"]]["keypoints"]):
                raise ValueError(f"pose: {len(value)} numbers for category {result['category_id']}")
            x, y = value[0::3], value[1::3]
            width, height = max(x) - min(x), max(y) - min(y)
            record |= {"area": width * height, "bbox": [min(x), min(y), width, height]}
        records.append(record)
    return records
