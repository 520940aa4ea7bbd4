"""A task that cannot be served is an error before anything is trained."""

from pathlib import Path

import pytest

from anonbench.common.errors import UserError
from anonbench.config.models import ModelConfig
from anonbench.models.tasks import check_tasks

DETECTOR, MASK_MODEL, POSE_MODEL = ("bbox",), ("bbox", "segmentation"), ("keypoints",)
NOBODY = {"annotations": []}
BOXES = {"annotations": [{"bbox": [0, 0, 1, 1], "iscrowd": 0}]}
CROWD = {"annotations": [{"segmentation": {"size": [1, 1], "counts": "1"}, "iscrowd": 1}]}
MASKS = {"annotations": [*BOXES["annotations"], {"segmentation": [[0, 0, 1, 0, 1, 1]], "iscrowd": 0}]}


def check(tasks, kinds, split):
    check_tasks(ModelConfig(config="model.py", tasks=tasks), kinds, split, Path("train.json"))


def test_what_can_be_served_passes():
    check(["detection"], DETECTOR, BOXES)
    check(["detection", "instance_segmentation"], MASK_MODEL, MASKS)


@pytest.mark.parametrize(
    ("tasks", "kinds", "split", "words"),
    [
        (["pose"], MASK_MODEL, MASKS, "does not serve the task 'pose'.*some of detection, instance_segmentation"),
        (["posed"], POSE_MODEL, MASKS, "no task 'posed'. Did you mean 'pose'"),
        (["detection"], POSE_MODEL, MASKS, "does not serve the task 'detection'"),
        (["instance_segmentation"], DETECTOR, MASKS, "does not serve the task 'instance_segmentation'"),
        (["instance_segmentation"], MASK_MODEL, BOXES, "needs annotations with `segmentation`, and train.json"),
        (["instance_segmentation"], MASK_MODEL, CROWD, "needs annotations with `segmentation`"),
        (["detection"], DETECTOR, NOBODY, "needs annotations with `bbox`"),
        (["pose"], POSE_MODEL, MASKS, "needs annotations with `keypoints`"),
    ],
)
def test_what_cannot_be_served_is_named(tasks, kinds, split, words):
    with pytest.raises(UserError, match=words):
        check(tasks, kinds, split)
