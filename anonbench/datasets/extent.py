"""Where an annotation says that something is: its box, its mask and its keypoints, and whether they agree.

Boxes are ``[x, y, width, height]`` px in lists, as COCO writes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from anonbench.common.rle import area_of, box_of

# Beyond any image: such a number is damage, and its square would overflow what evaluates it.
MAX_COORDINATE = 1e7
# Joints lie inside the body: flesh, hands, feet and hair reach past their box by about this share of its longer side.
MARGIN = 0.1
# Fewer joints may be a head alone, and a box around it would leave the body out; so would that of a face's landmarks.
LABELLED_SHARE = 0.5
BODY_JOINTS = ("shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "foot")
# The box and the extent of the mask of one person are nearly the same. Boxes of the whole person beside masks of what
# is visible share more than this of the larger one, but for the most hidden people, and then both are hidden.
AGREEING_SHARE = 0.25
# Arms stretched across a box fill a twentieth of it; less are specks that an annotator's click has left.
FILLED_SHARE = 0.01

Size = tuple[int, int]  # (width, height) px


def is_coordinate(value: Any) -> bool:
    """Whether a value is a finite number that can be a coordinate in px."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_COORDINATE


def box_from(value: Any) -> list[float] | None:
    """A box as the file has it, or None where it is not four finite numbers."""
    if not isinstance(value, list | tuple) or len(value) != 4 or not all(map(is_coordinate, value)):
        return None
    return list(value)


def is_visible(box: list[float], size: Size) -> bool:
    """Whether a box has an extent, some of it inside an image of this size."""
    x, y, width, height = box
    return width > 0 and height > 0 and x < size[0] and y < size[1] and x + width > 0 and y + height > 0


def is_place(box: list[float], size: Size) -> bool:
    """Whether somebody can be in a box: it is visible and not smaller than a pixel, as numbers in another scale are."""
    return is_visible(box, size) and max(box[2:]) >= 1


@dataclass(frozen=True)
class Outline:
    """The box around a mask, and the px that the mask covers (of overlapping polygons: at most)."""

    box: list[float]
    area: float


def outline_of(segmentation: list[list[float]] | dict[str, Any]) -> Outline:
    """The outline of polygons or of a compressed RLE, without drawing them."""
    if isinstance(segmentation, dict):
        return Outline(box_of(segmentation), area_of(segmentation))
    left, top = (min(min(polygon[axis::2]) for polygon in segmentation) for axis in (0, 1))
    right, bottom = (max(max(polygon[axis::2]) for polygon in segmentation) for axis in (0, 1))
    return Outline([left, top, right - left, bottom - top], sum(map(_area_within, segmentation)))


def has_area(polygon: list[float]) -> bool:
    """Whether a polygon, flat x, y px, has three points that are not on one line."""
    x0, y0 = polygon[:2]
    rays = [(x - x0, y - y0) for x, y in zip(polygon[2::2], polygon[3::2], strict=True) if (x, y) != (x0, y0)]
    return any(abs(rays[0][0] * y - rays[0][1] * x) > 1e-6 for x, y in rays[1:])


def contradict(box: list[float], outline: Outline, size: Size) -> bool:
    """Whether a box and a mask cannot be of the same person: they hardly overlap, or the mask is specks in its box."""
    box, around = _clipped(box, size), _clipped(outline.box, size)
    width = min(box[2], around[2]) - max(box[0], around[0])
    height = min(box[3], around[3]) - max(box[1], around[1])
    shared = max(width, 0) * max(height, 0)
    larger = max((x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (box, around))
    return shared < AGREEING_SHARE * larger or outline.area < FILLED_SHARE * (box[2] - box[0]) * (box[3] - box[1])


def box_around(points: np.ndarray, size: Size) -> list[float]:
    """The box of a person whose joints are ``points``, (K, 2) px: grown by :data:`MARGIN`, clipped to the image."""
    first, last = points.min(0), points.max(0)
    margin = MARGIN * (last - first).max()
    limit = np.array(size, dtype=np.float64)
    low, high = np.clip(first - margin, 0, limit), np.clip(last + margin, 0, limit)
    return [float(value) for value in (*low, *(high - low))]


def box_of_joints(keypoints: list[float], names: list[str], size: Size) -> list[float] | None:
    """The box of a person who has nothing but keypoints, or None where they do not tell where the body is.

    They do where at least half of the joints are labelled, and two of them are below the head by their names.

    Parameters
    ----------
    keypoints
        Flat ``[x, y, v] * K`` px.
    names
        The K names of the category's keypoints.
    size
        (width, height) of the image in px.
    """
    points = np.array(keypoints, dtype=np.float64).reshape(-1, 3)
    is_labelled = points[:, 2] > 0
    is_body = np.array([any(joint in name.lower() for joint in BODY_JOINTS) for name in names])
    if is_labelled.sum() < LABELLED_SHARE * len(names) or (is_labelled & is_body).sum() < 2:
        return None
    box = box_around(points[is_labelled, :2], size)
    return box if is_visible(box, size) else None


def _area_within(polygon: list[float]) -> float:
    """The area that a polygon encloses (shoelace formula), or that of its box where it crosses itself."""
    xs, ys = polygon[0::2], polygon[1::2]
    area = abs(sum(xs[i - 1] * ys[i] - xs[i] * ys[i - 1] for i in range(len(xs)))) / 2
    return area or (max(xs) - min(xs)) * (max(ys) - min(ys))


def _clipped(box: list[float], size: Size) -> tuple[float, float, float, float]:
    """The part of a box inside the image as x1, y1, x2, y2 px."""
    x, y, width, height = box
    x1, y1 = min(max(x, 0), size[0]), min(max(y, 0), size[1])
    return x1, y1, min(max(x + width, x1), size[0]), min(max(y + height, y1), size[1])
