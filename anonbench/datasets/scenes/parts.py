"""Numbers of the body parts in the picture of ids, and the 17 keypoints of COCO with the parts that show them."""

from __future__ import annotations

OTHER, TRUNK, PELVIS, NECK, HEAD, FACE, EAR, HAIR, HAT, BAG = range(10)
SIDES = ("left", "right")
UPPER_ARM = {"left": 10, "right": 11}
FOREARM = {"left": 12, "right": 13}
HAND = {"left": 14, "right": 15}
THIGH = {"left": 16, "right": 17}
SHIN = {"left": 18, "right": 19}
FOOT = {"left": 20, "right": 21}

KEYPOINTS = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
# COCO's person category: 1-based pairs, and the constants of its OKS (cocoeval's kpt_oks_sigmas).
SKELETON = (
    (16, 14), (14, 12), (17, 15), (15, 13), (12, 13), (6, 12), (7, 13), (6, 7), (6, 8), (7, 9), (8, 10), (9, 11),
    (2, 3), (1, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7),
)  # fmt: skip
SIGMAS = (
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089,
    0.089,
)  # fmt: skip


def showing_parts(keypoint: str, hidden_side: bool) -> frozenset[int]:
    """The parts whose pixels count as a view of a keypoint.

    Parameters
    ----------
    keypoint
        One of ``KEYPOINTS``.
    hidden_side
        Whether the joint lies on the side of the trunk or head turned away from the camera: then only its own limb
        shows it.
    """
    if keypoint == "nose":
        return frozenset() if hidden_side else frozenset({FACE})
    side, joint = keypoint.split("_")
    if joint == "eye":
        return frozenset() if hidden_side else frozenset({FACE})
    if joint == "ear":
        return frozenset() if hidden_side else frozenset({EAR, FACE, HEAD})
    own = {
        "shoulder": {UPPER_ARM[side]},
        "elbow": {UPPER_ARM[side], FOREARM[side]},
        "wrist": {FOREARM[side], HAND[side]},
        "hip": {THIGH[side]},
        "knee": {THIGH[side], SHIN[side]},
        "ankle": {SHIN[side], FOOT[side]},
    }[joint]
    if hidden_side:
        return frozenset(own)
    return frozenset(own | {"shoulder": {TRUNK}, "hip": {TRUNK, PELVIS}, "knee": {PELVIS}}.get(joint, set()))
