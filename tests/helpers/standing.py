"""A person with COCO's 17 keypoints for the tests of this room."""

import numpy as np

NAMES = [
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
]  # fmt: skip
# A person of 200 px who stands upright, facing the camera, arms hanging.
PLACES = np.array([
    (100, 30), (105, 25), (95, 25), (110, 27), (90, 27), (122, 52), (78, 52), (126, 88), (74, 88), (128, 116),
    (72, 116), (116, 108), (84, 108), (117, 156), (83, 156), (118, 204), (82, 204),
])  # fmt: skip


def person(visibility=2, **changes):
    """Their annotation."""
    keypoints = np.column_stack([PLACES, np.full(17, visibility)]).ravel().tolist()
    drawn = {"id": 7, "iscrowd": 0, "bbox": [70, 10, 60, 200], "bbox_source": "keypoints", "keypoints": keypoints}
    return drawn | changes
