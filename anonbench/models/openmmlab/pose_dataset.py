"""The common form's people with keypoints as MMPose's top-down training and test samples."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS

from anonbench.common.files import read_made

SAMPLE_METAINFO = (  # what MMPose's transforms and heads expect in every sample
    "dataset_name",
    "dataset_keypoint_weights",
    "flip_pairs",
    "flip_indices",
    "upper_body_ids",
    "lower_body_ids",
    "skeleton_links",
)


@DATASETS.register_module()
class PersonKeypoints(BaseDataset):
    """One sample per annotated person of a common-form split.

    Crowds and people without a labelled keypoint are left out, as COCO's own evaluation leaves them out. Boxes are
    ``xyxy`` px, keypoints px in the image's own size. MMPose's own COCO dataset keeps every category with
    keypoints, and imports a drawing library.
    """

    @classmethod
    def _load_metainfo(cls, metainfo: dict[str, Any]) -> dict[str, Any]:
        return parse_pose_metainfo(metainfo)

    def load_data_list(self) -> list[dict[str, Any]]:
        split = read_made(self.ann_file)
        names = [self.metainfo["keypoint_id2name"][i] for i in range(self.metainfo["num_keypoints"])]
        categories = {c["id"] for c in split["categories"] if c.get("keypoints") == names}
        images = {image["id"]: image for image in split["images"]}
        people = [a for a in split["annotations"] if a["category_id"] in categories]
        return [sample for a in people if (sample := self._sample(a, images[a["image_id"]])) is not None]

    def prepare_data(self, idx: int) -> Any:
        shared = {key: deepcopy(self.metainfo[key]) for key in SAMPLE_METAINFO}
        return self.pipeline({**self.get_data_info(idx), **shared})

    def _sample(self, annotation: dict[str, Any], image: dict[str, Any]) -> dict[str, Any] | None:
        keypoints = np.array(annotation.get("keypoints", []), np.float32).reshape(1, -1, 3)
        labelled = int((keypoints[..., 2] > 0).sum())
        x, y, w, h = annotation["bbox"]
        if annotation.get("iscrowd", 0) or not labelled or w <= 0 or h <= 0:
            return None
        return {
            "img_id": image["id"],
            "img_path": str(Path(self.data_prefix["img"]) / image["file_name"]),
            "id": annotation["id"],
            "category_id": np.array(annotation["category_id"]),
            "bbox": np.array([[x, y, x + w, y + h]], np.float32),
            "bbox_score": np.ones(1, np.float32),
            "area": np.array(annotation["area"], np.float32),
            "iscrowd": 0,
            "keypoints": keypoints[..., :2],
            "keypoints_visible": np.minimum(1, keypoints[..., 2]),
            "num_keypoints": labelled,
        }
