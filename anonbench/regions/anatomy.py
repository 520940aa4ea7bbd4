"""How large a person and a head are in px, from the lengths between labelled keypoints.

Foreshortening can only shorten a limb in the picture, so every limb gives a lower bound of the person's size. Limbs are
fractions of stature after Winter, *Biomechanics and Motor Control of Human Movement* (4th ed., figure 4.1, data of
Drillis and Contini). Facial distances are fractions of a head's height, from 63 mm between an adult's pupils (Dodgson,
"Variation and extrema of human interpupillary distance", 2004) and 225 mm from chin to crown; the others are rough.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

HEAD_HEIGHT = 0.130  # chin to crown, of stature
PUPILS = 0.28  # from one to the other, of a head's height
HAND_LENGTH = 0.108
FOOT_LENGTH = 0.152

HEAD_TOP, NECK = "head_top", "neck"
FACIAL = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")

_LIMBS = (
    ("left_shoulder", "right_shoulder", 0.259),
    ("left_hip", "right_hip", 0.191),
    *(
        (f"{side}_{a}", f"{side}_{b}", length)
        for side in ("left", "right")
        for a, b, length in (
            ("shoulder", "elbow", 0.186),
            ("elbow", "wrist", 0.146),
            ("shoulder", "hip", 0.288),
            ("hip", "knee", 0.245),
            ("knee", "ankle", 0.246),
        )
    ),
)
# Where joints are on somebody who stands and faces the viewer: down from the crown, of stature, after the same figure;
# and across from the right arm to the left one, each of which has a fifth of the width to itself.
_STANDING = {
    "head_top": (0.0, 0.5),
    "nose": (0.07, 0.5),
    "neck": (0.15, 0.5),
    **{
        f"{side}_{joint}": (down, 0.5 + sign * aside)
        for side, sign in (("left", 1), ("right", -1))
        for joint, down, aside in (
            ("eye", 0.06, 0.1),
            ("ear", 0.06, 0.2),
            ("shoulder", 0.18, 0.25),
            ("elbow", 0.37, 0.45),
            ("wrist", 0.515, 0.45),
            ("hip", 0.47, 0.2),
            ("knee", 0.715, 0.2),
            ("ankle", 0.96, 0.2),
        )
    },
}
# What joins them: limbs, the trunk with its diagonals, and what a head has of either kind of annotation.
_BONES = (
    *((a, b) for a, b, _ in _LIMBS),
    ("left_shoulder", "right_hip"),
    ("right_shoulder", "left_hip"),
    ("head_top", "neck"),
    ("left_ear", "right_ear"),
    *(
        (middle, f"{side}_{joint}")
        for side in ("left", "right")
        for middle, joint in (("nose", "ear"), ("nose", "shoulder"), ("neck", "shoulder"))
    ),
)
# Other names of the same joints: of CrowdPose, MPII, AI Challenger, PoseTrack, OpenPose.
_SYNONYMS = {"tophead": HEAD_TOP, "headtop": HEAD_TOP, "upperneck": NECK, "headbottom": NECK}
_PAIRED = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_CROWN_TO_NECK = 1.3  # head heights from the crown to the neck joint
_FACE = (
    ("left_eye", "right_eye", PUPILS),
    ("left_ear", "right_ear", 0.64),
    *(
        (f"{side}_{a}", b if b == "nose" else f"{side}_{b}", length)
        for side in ("left", "right")
        for a, b, length in (
            ("eye", "nose", 0.25),
            ("ear", "nose", 0.56),
            ("eye", "ear", 0.42),
        )
    ),
)


def joint(name: str) -> str:
    """A keypoint's name as this module spells it: ``left_eye`` for ``Left Eye``, ``LEye``, ``eye-left`` or ``lefteye``.

    Neither case nor separators count. An unknown name loses both, so that two spellings of it are still equal.
    """
    bare = re.sub(r"[^a-z0-9]", "", name.lower())
    return _SPELLINGS.get(bare, bare)


def _spellings() -> dict[str, str]:
    sides = (("left", "left"), ("right", "right"), ("l", "left"), ("r", "right"))
    paired = {
        spelling: f"{side}_{part}"
        for part in _PAIRED
        for short, side in sides
        for spelling in (f"{short}{part}", f"{part}{short}")
    }
    return paired | _SYNONYMS


_SPELLINGS = _spellings()


def labelled(keypoints: list[float] | None, names: list[str]) -> dict[str, np.ndarray]:
    """The labelled keypoints of a person by name.

    Parameters
    ----------
    keypoints
        Flat ``[x, y, v] * K`` px, visibility in COCO's sense (0 not labelled, 1 occluded, 2 visible), or None.
    names
        The K keypoint names of the category.

    Returns
    -------
    dict
        :func:`joint` -> (3,) float64 ``x, y, v`` of the finite keypoints with ``v > 0``; empty where the length is not
        3 K.
    """
    if not keypoints or len(keypoints) != 3 * len(names):
        return {}
    points = np.array(keypoints, dtype=np.float64).reshape(-1, 3)
    return {
        joint(name): point
        for name, point in zip(names, points, strict=True)
        if np.isfinite(point).all() and point[2] > 0
    }


def position(points: dict[str, np.ndarray], name: str) -> np.ndarray | None:
    """The (2,) ``x, y`` of a keypoint that is labelled, or None."""
    return points[name][:2] if name in points else None


def shared_joints(one: Sequence[str], other: Sequence[str]) -> tuple[list[int], list[int]]:
    """The keypoints that two lists of names share: their places in the one and, in the same order, in the other.

    They are compared as :func:`joint` spells them. A name that a list has twice counts once.
    """
    there = {joint(name): index for index, name in enumerate(other)}
    here = {joint(name): index for index, name in enumerate(one)}
    pairs = [(index, there[name]) for name, index in here.items() if name in there]
    return [a for a, _ in pairs], [b for _, b in pairs]


def standing_bones(names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The bones between keypoints of these names, and where they are on somebody who stands.

    Returns
    -------
    tuple
        (M, 2) int64 indices of each bone's ends in ``names``; and (M, 2, 2) float32, how far down from the crown and
        how far across from the right arm to the left one each end is, in 0..1.
    """
    index = {joint(name): place for place, name in enumerate(names)}
    bones = [bone for bone in _BONES if all(end in index for end in bone)]
    ends = np.array([[index[end] for end in bone] for bone in bones], np.int64).reshape(-1, 2)
    return ends, np.array([[_STANDING[end] for end in bone] for bone in bones], np.float32).reshape(-1, 2, 2)


def stature(points: dict[str, np.ndarray]) -> float:
    """Standing height in px of the person whose limbs these are; 0 where no limb has both its ends.

    The second largest of the limbs' estimates, since one joint that an annotator misplaced must not swell the person.
    """
    estimates = sorted(_spans(points, _LIMBS))
    return estimates[-2] if len(estimates) > 1 else sum(estimates)


def head_height(points: dict[str, np.ndarray]) -> float:
    """Height of the head in px, chin to crown: the largest lower bound that face and body give; 0 without any."""
    crown, neck = position(points, HEAD_TOP), position(points, NECK)
    head = 0.0 if crown is None or neck is None else float(np.hypot(*(crown - neck))) / _CROWN_TO_NECK
    return max([HEAD_HEIGHT * stature(points), head, *_spans(points, _FACE)])


def _spans(points: dict[str, np.ndarray], table: tuple[tuple[str, str, float], ...]) -> list[float]:
    return [
        float(np.hypot(*(points[a][:2] - points[b][:2]))) / length
        for a, b, length in table
        if a in points and b in points
    ]


def mirror_partners(names: list[str]) -> list[int]:
    """For each keypoint the index of its mirror partner, or its own where it has none."""

    def mirrored(name: str) -> str:
        return re.sub(r"left|right", lambda side: "right" if side[0] == "left" else "left", name)

    spelled = [joint(name) for name in names]
    index = {name: i for i, name in enumerate(spelled)}
    return [index.get(mirrored(name), i) for i, name in enumerate(spelled)]
