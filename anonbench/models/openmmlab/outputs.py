"""What MMDetection and MMPose give for one image or person, as COCO results by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from pycocotools import mask as coco_mask

from anonbench.common.errors import UserError
from anonbench.models.openmmlab.model_config import pose_category
from anonbench.models.predictions import Box, Mask, Pose

Found = Iterator[tuple[str, Box | Mask | Pose]]


def reader(config: Config, split: dict[str, Any], annotations: Path) -> Callable[[Any], Found]:
    """What turns a toolkit's data sample into (kind, result), best first in each image as the model orders them.

    Parameters
    ----------
    config
        Of the trained model.
    split
        The split that is predicted, in the common form, read from ``annotations``. Results have its category ids.

    Raises
    ------
    UserError
        If its categories or keypoints are not those that the model was trained on.
    """
    if config.default_scope == "mmdet":
        return partial(_instances, category_ids=_category_ids(config, split, annotations))
    return partial(_pose, category_id=_keypoint_category_id(config, split, annotations))


def _category_ids(config: Config, split: dict[str, Any], annotations: Path) -> list[int]:
    """The split's category id of each of the model's labels."""
    by_name = {category["name"]: category["id"] for category in split["categories"]}
    classes = config.test_dataloader.dataset.metainfo["classes"]
    if differing := set(by_name) ^ set(classes):
        raise UserError(
            f"{annotations} and the split that the model was trained on differ in: {', '.join(sorted(differing))}.",
            "Use the same categories in the training and validation splits.",
        )
    return [by_name[name] for name in classes]


def _keypoint_category_id(config: Config, split: dict[str, Any], annotations: Path) -> int:
    category = pose_category(split, annotations)
    trained = [info["name"] for info in config.test_dataloader.dataset.metainfo["keypoint_info"].values()]
    if category["keypoints"] != trained:
        raise UserError(
            f"{annotations} names the keypoints {category['keypoints']}, but the model was trained on {trained}.",
            "Use the same keypoints in the training and validation splits.",
        )
    return category["id"]


def _instances(sample: Any, category_ids: list[int]) -> Found:
    """One image's boxes and, where the model has a mask head, masks."""
    found = sample.pred_instances.cpu()
    corners = found.bboxes.double().numpy()
    boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    common = [
        {"image_id": sample.img_id, "category_id": category_ids[label], "score": score}
        for label, score in zip(found.labels.tolist(), found.scores.tolist(), strict=True)
    ]
    for result, box in zip(common, boxes.tolist(), strict=True):
        yield "bbox", {**result, "bbox": box}
    if "masks" in found and len(found):
        masks = np.asfortranarray(found.masks.numpy().transpose(1, 2, 0), dtype=np.uint8)
        for result, rle in zip(common, coco_mask.encode(masks), strict=True):
            yield "segmentation", {**result, "segmentation": {**rle, "counts": rle["counts"].decode()}}


def _pose(sample: Any, category_id: int) -> Found:
    """One person's keypoints."""
    found = sample.pred_instances
    scores = np.asarray(found.keypoint_scores, np.float64)[0]
    keypoints = np.concatenate([np.asarray(found.keypoints, np.float64)[0], scores[:, None]], axis=1)
    result: Pose = {
        "image_id": sample.img_id,
        "category_id": category_id,
        "annotation_id": sample.id,
        "keypoints": keypoints.ravel().tolist(),
        "score": float(scores.mean()),
    }
    yield "keypoints", result
