"""COCO annotations read off the picture of ids."""

from __future__ import annotations

from typing import Any

import numpy as np

from anonbench.common.rle import encode_mask
from anonbench.datasets.scenes import parts

# COCO's category ids, with their gaps.
CATEGORY_IDS = {"person": 1, "bicycle": 2, "car": 3, "bus": 6, "bird": 16, "dog": 18}
_GROUPS = {
    "person": "person",
    "bicycle": "vehicle",
    "car": "vehicle",
    "bus": "vehicle",
    "bird": "animal",
    "dog": "animal",
}
# A face counts as visible when at least this share of it can be seen: privacy wants even a partly hidden one found.
FACE_SHARE = 0.15


def categories() -> list[dict[str, Any]]:
    """The dataset's categories in the common form; only people have keypoints."""
    rows: list[dict[str, Any]] = [
        {"id": number, "name": name, "supercategory": _GROUPS[name], "is_person": name == "person"}
        for name, number in CATEGORY_IDS.items()
    ]
    rows[0] |= {
        "keypoints": list(parts.KEYPOINTS),
        "skeleton": [list(pair) for pair in parts.SKELETON],
        "sigmas": list(parts.SIGMAS),
    }
    return rows


def annotate_object(visible: np.ndarray, category: str) -> dict[str, Any]:
    """An annotation from a mask (height, width) bool of visible pixels, which must not be empty."""
    ys, xs = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
    return {
        "category_id": CATEGORY_IDS[category],
        "bbox": [int(xs[0]), int(ys[0]), int(xs[-1] - xs[0] + 1), int(ys[-1] - ys[0] + 1)],
        "area": int(visible.sum()),
        "iscrowd": 0,
        "segmentation": encode_mask(visible),
    }


def annotate_keypoints(
    points: dict[str, tuple[float, float, frozenset[int]]], owners: np.ndarray, part: np.ndarray, owner: int
) -> dict[str, Any]:
    """``keypoints`` and ``num_keypoints`` from points in px.

    v is 0 (and x = y = 0) outside the image, 2 where the pixel shows one of the parts that carry the joint, 1 where
    something else, the person's own body included, is in front.
    """
    height, width = owners.shape
    flat: list[float] = []
    for name in parts.KEYPOINTS:
        x, y, shown_by = points[name]
        x, y = round(x, 2), round(y, 2)  # before the look-up, so that a reader's look-up finds the same pixel
        if not (0 <= x < width and 0 <= y < height):
            flat += [0, 0, 0]
            continue
        row, column = int(y), int(x)
        seen = owners[row, column] == owner and int(part[row, column]) in shown_by
        flat += [x, y, 2 if seen else 1]
    return {"keypoints": flat, "num_keypoints": sum(v > 0 for v in flat[2::3])}


def annotate_face(
    box: tuple[float, float, float, float] | None, owners: np.ndarray, part: np.ndarray, owner: int
) -> dict[str, Any]:
    """``face_box`` (xywh px, inside the image) and ``face_valid`` from the face's xyxy box, None if turned away."""
    height, width = owners.shape
    if box is not None:
        x0, y0 = max(0.0, box[0]), max(0.0, box[1])
        x1, y1 = min(float(width), box[2]), min(float(height), box[3])
        if x1 > x0 and y1 > y0:
            face = (owners == owner) & (part == parts.FACE)
            whole = 0.7 * (box[2] - box[0]) * (box[3] - box[1])
            valid = bool(face.any() and face.sum() >= FACE_SHARE * whole)
            if valid:
                rounded = [round(v, 2) for v in (x0, y0, x1 - x0, y1 - y0)]
                return {"face_box": rounded, "face_valid": True}
    return {"face_box": [0, 0, 0, 0], "face_valid": False}
