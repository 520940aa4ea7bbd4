"""Where a person's face is, by annotation or from labelled keypoints."""

from __future__ import annotations

from typing import Any

import numpy as np

from anonbench.regions.anatomy import FACIAL, HEAD_TOP, NECK, head_height, labelled, position
from anonbench.regions.region import KEYPOINTS, Region, anywhere

# The chin lies a little above the middle of the neck, so the face's centre is nearer to the crown than to the neck
# joint.
_FACE_CENTRE = 0.45
# Sides of the squares in head heights. The second is larger, since crown and neck do not tell where the face looks;
# with it, every one of 59 faces that MTCNN found on Leeds Sports Pose Extended lay inside by more than 80 % of its
# area.
_SIDE_FACIAL = 1.2
_SIDE_CROWN_NECK = 1.4
_SIDE_NODDING = 0.8  # for each head height that crown and neck are too close: a head bent towards the camera


def annotated_face(annotation: dict[str, Any]) -> Region | None:
    """The face box that the annotation states, as it states it.

    ``face_box`` is ``[x, y, w, h]`` px. ``face_valid`` absent counts as true, except beside COCO-WholeBody's all-zero
    box, which means that the face is not annotated. A face whose box is not finite or has no size may be anywhere.
    """
    box = annotation.get("face_box")
    if box is None or len(box) != 4 or (not any(box) and not annotation.get("face_valid")):
        return None
    x, y, w, h = (np.nan if value is None else float(value) for value in box)
    if not (np.isfinite([x, y]).all() and 0 < w < np.inf and 0 < h < np.inf):
        return anywhere(annotation["id"])
    return Region(np.array([x, y, x + w, y + h]), annotation_id=annotation["id"])


def keypoint_face(annotation: dict[str, Any], names: list[str]) -> Region | None:
    """A square around the face from its keypoints, or from the crown and neck.

    Parameters
    ----------
    annotation
        With ``keypoints`` flat ``[x, y, v] * K`` px and ``bbox`` ``[x, y, w, h]`` px, which bounds the head's size.
    names
        The K keypoint names.

    Returns
    -------
    Region or None
        None where no facial keypoint is visible (a person seen from behind) and crown or neck is not labelled.
    """
    points = labelled(annotation.get("keypoints"), names)
    facial = [points[name] for name in FACIAL if name in points]
    crown, neck = position(points, HEAD_TOP), position(points, NECK)
    height = head_height(points)
    visible = any(point[2] == 2 for point in facial)
    if visible:
        places = np.array(facial)[:, :2]
        centre = (places.min(axis=0) + places.max(axis=0)) / 2
        side = _SIDE_FACIAL * height
    elif crown is not None and neck is not None:
        places = np.stack([crown, neck])
        centre = crown + _FACE_CENTRE * (neck - crown)
        length = float(np.hypot(*(neck - crown)))
        side = _SIDE_CROWN_NECK * max(height, length) + _SIDE_NODDING * max(height - length, 0)
    else:
        return None
    half = min(side, 1.5 * _longer_side(annotation)) / 2
    if half <= 0:
        return None
    low, high = centre - half, centre + half
    if visible:
        # A misjudged size must still not leave an eye or the nose outside.
        low, high = np.minimum(low, places.min(axis=0) - half / 2), np.maximum(high, places.max(axis=0) + half / 2)
    return Region(np.concatenate([low, high]), source=KEYPOINTS, annotation_id=annotation["id"])


def gives_face(annotation: dict[str, Any], names: list[str]) -> bool:
    """Whether the annotation itself says where the face is or that none is visible."""
    return (
        annotation.get("face_valid") is False
        or annotated_face(annotation) is not None
        or keypoint_face(annotation, names) is not None
    )


def _longer_side(annotation: dict[str, Any]) -> float:
    sides = np.array(annotation.get("bbox", [0, 0, 0, 0])[2:], dtype=np.float64)
    longest = sides.max(initial=0.0)
    return float(longest) if np.isfinite(longest) and longest > 0 else np.inf


def grown(boxes: np.ndarray, grow: float) -> np.ndarray:
    """Boxes (N, 4) ``xyxy`` px, grown in every direction by this share of their longer sides."""
    margin = grow * (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0, keepdims=True)
    return np.concatenate([boxes[:, :2] - margin, boxes[:, 2:] + margin], axis=1)
