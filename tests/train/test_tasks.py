"""A task that cannot be served is told before anything is trained."""

from pathlib import Path

import pytest

from anonbench.errors import UserError
from anonbench.train.tasks import check_tasks

BOXES = {"annotations": [{"bbox": [0, 0, 1, 1], "iscrowd": 0}]}
CROWD = {"annotations": [{"segmentation": {"size": [1, 1], "counts": "1"}, "iscrowd": 1}]}
MASKS = {"annotations": [*BOXES["annotations"], {"segmentation": [[0, 0, 1, 0, 1, 1]], "iscrowd": 0}]}


def test_what_can_be_served_passes():
    check_tasks(["detection"], "mmdet", BOXES, Path("train.json"))
    check_tasks(["detection", "instance_segmentation"], "mmdet", MASKS, Path("train.json"))


@pytest.mark.parametrize(
    ("tasks", "scope", "split", "words"),
    [
        (["pose"], "mmdet", MASKS, "mmdet does not serve the task 'pose'"),
        (["detection"], "mmpose", MASKS, "mmpose does not serve the task 'detection'"),
        (["instance_segmentation"], "mmdet", BOXES, "needs annotations with `segmentation`, and train.json"),
        (["instance_segmentation"], "mmdet", CROWD, "needs annotations with `segmentation`"),
        (["pose"], "mmpose", MASKS, "needs annotations with `keypoints`"),
    ],
)
def test_what_cannot_be_served_is_named(tasks, scope, split, words):
    with pytest.raises(UserError, match=words):
        check_tasks(tasks, scope, split, Path("train.json"))
