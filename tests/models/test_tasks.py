"""A task that cannot be served is told before anything is trained."""

from pathlib import Path

import pytest

from anonbench.common.errors import UserError
from anonbench.models.tasks import check_tasks

DETECTOR, MASK_MODEL, POSE_MODEL = ("detection",), ("detection", "instance_segmentation"), ("pose",)
BOXES = {"annotations": [{"bbox": [0, 0, 1, 1], "iscrowd": 0}]}
CROWD = {"annotations": [{"segmentation": {"size": [1, 1], "counts": "1"}, "iscrowd": 1}]}
MASKS = {"annotations": [*BOXES["annotations"], {"segmentation": [[0, 0, 1, 0, 1, 1]], "iscrowd": 0}]}


def test_what_can_be_served_passes():
    check_tasks(["detection"], DETECTOR, BOXES, Path("train.json"))
    check_tasks(["detection", "instance_segmentation"], MASK_MODEL, MASKS, Path("train.json"))


@pytest.mark.parametrize(
    ("tasks", "served", "split", "words"),
    [
        (["pose"], MASK_MODEL, MASKS, "does not serve the task 'pose'"),
        (["detection"], POSE_MODEL, MASKS, "does not serve the task 'detection'"),
        (["instance_segmentation"], DETECTOR, MASKS, "does not serve the task 'instance_segmentation'"),
        (["instance_segmentation"], MASK_MODEL, BOXES, "needs annotations with `segmentation`, and train.json"),
        (["instance_segmentation"], MASK_MODEL, CROWD, "needs annotations with `segmentation`"),
        (["pose"], POSE_MODEL, MASKS, "needs annotations with `keypoints`"),
    ],
)
def test_what_cannot_be_served_is_named(tasks, served, split, words):
    with pytest.raises(UserError, match=words):
        check_tasks(tasks, served, split, Path("train.json"))
