"""Which pixels belong to a person: the annotated mask, else the box and what of the dilated skeleton is outside it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from anonbench.common import rle
from anonbench.regions.anatomy import (
    FACIAL,
    FOOT_LENGTH,
    HAND_LENGTH,
    HEAD_HEIGHT,
    HEAD_TOP,
    NECK,
    head_height,
    labelled,
    position,
    stature,
)
from anonbench.regions.morphology import dilated
from anonbench.regions.region import ANNOTATED, KEYPOINTS, Region, anywhere

_SIDES = ("left", "right")
_LIMBS = tuple(
    (f"{side}_{a}", f"{side}_{b}")
    for side in _SIDES
    for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("shoulder", "hip"), ("hip", "knee"), ("knee", "ankle"))
)
_TORSO = ("left_shoulder", "right_shoulder", "right_hip", "left_hip")
# By what fraction of its longer side a box is grown that is the extent of keypoints: joints that are not labelled are
# outside. Of 1,108 people of COCO, such a box holds 77 % of the pixels (median; 5 % of them: below 33 %), with the
# skeleton 96 % (62 %), grown by this 100 % (75 %).
_EXTENT_MARGIN = 0.1
_SUBPIXEL = 4  # fractional bits of the coordinates that OpenCV gets


def body_region(annotation: dict[str, Any], names: list[str], height: int, width: int, limb_width: float) -> Region:
    """The region of one annotated person (or crowd of people).

    Parameters
    ----------
    annotation
        COCO annotation in the common form.
    names
        The keypoint names of its category; empty where there are none.
    height, width
        Of the image, px.
    limb_width
        Thickness of a drawn limb as a fraction of the person's stature.

    Returns
    -------
    Region
        The annotated mask where there is one. Else the box, and the skeleton where it reaches beyond; both grown where
        the box is the extent of the keypoints, which leaves hair, hands and feet outside, or was ``estimated`` from
        them. The skeleton alone where the box only stands for ``keypoints`` or has no extent. Of a mask and a box that
        contradict each other (``doubtful``), the box of both. Source ``unlocated`` where nothing says where the person
        is.
    """
    key = annotation["id"]
    mask = decode_mask(annotation.get("segmentation"), height, width)
    if mask is not None and not annotation.get("doubtful"):
        return Region(_box_of(mask), mask, source=ANNOTATED, annotation_id=key)
    box = _usable(_xyxy(annotation.get("bbox") or [np.nan] * 4), height, width)
    if mask is not None:
        return Region(_box_of(mask) if box is None else _around(_box_of(mask), box), annotation_id=key)
    points = labelled(annotation.get("keypoints"), names)
    skeleton = skeleton_mask(points, height, width, limb_width)
    box_source = annotation.get("bbox_source")
    if skeleton is None:
        return anywhere(key) if box is None else Region(box, None, None, KEYPOINTS if box_source else ANNOTATED, key)
    if box is not None and box_source != "keypoints":
        rows, columns = _pixels(box, height, width)
        extent = box_source == "estimated" or _is_extent(box, points)
        if not extent and skeleton.sum() == skeleton[rows, columns].sum():
            return Region(box, source=ANNOTATED, annotation_id=key)
        skeleton[rows, columns] = True
        if extent:
            skeleton = dilated(skeleton, _EXTENT_MARGIN * (box[2:] - box[:2]).max())
    return Region(_box_of(skeleton), skeleton, source=KEYPOINTS, annotation_id=key)


def decode_mask(segmentation: Any, height: int, width: int) -> np.ndarray | None:
    """COCO polygons or RLE (plain or compressed) as a (height, width) bool mask.

    Returns
    -------
    numpy.ndarray or None
        None for a mask that is missing, empty, or not of this image, so that the caller falls back on the whole box.
    """
    if isinstance(segmentation, dict):
        if list(segmentation.get("size", [])) != [height, width]:
            return None
        try:
            mask = rle.decode_mask(segmentation)
        except ValueError:
            return None
    else:
        polygons = [p for p in segmentation or [] if len(p) >= 6 and len(p) % 2 == 0 and np.isfinite(p).all()]
        if not polygons or len(polygons) != len(segmentation):
            return None
        # Far-off vertices would make pycocotools allocate in proportion to them.
        limit = np.tile([4.0 * width, 4.0 * height], max(map(len, polygons)) // 2)
        polygons = [np.clip(p, -limit[: len(p)], limit[: len(p)]).tolist() for p in polygons]
        mask = rle.decode_mask(rle.encode_polygons(polygons, (width, height)))
    return mask if mask.any() else None


def skeleton_mask(points: dict[str, np.ndarray], height: int, width: int, limb_width: float) -> np.ndarray | None:
    """A person's silhouette drawn generously around the labelled joints.

    Limbs and the outline of the torso are thick lines, hands and feet discs beyond wrist and ankle, the head a disc
    around its keypoints, all in proportion to the person's stature. Single joints whose neighbours are not labelled
    get a disc.

    Parameters
    ----------
    points
        name -> (3,) ``x, y, v`` px, as from :func:`anonbench.regions.anatomy.labelled`.
    height, width
        Of the image, px.
    limb_width
        Thickness of a limb as a fraction of stature.

    Returns
    -------
    numpy.ndarray or None
        (height, width) bool, or None where the joints do not tell the person's size or nothing falls inside the image.
    """
    size = stature(points) or head_height(points) / HEAD_HEIGHT
    if size <= 0:
        return None
    size = min(size, 4.0 * (height + width))
    mask = np.zeros((height, width), np.uint8)
    places = {name: _bounded(point[:2], height, width) for name, point in points.items()}
    thickness = limb_width * size
    for place in places.values():
        _disc(mask, place, thickness / 2)
    for a, b in _LIMBS:
        if a in places and b in places:
            _line(mask, places[a], places[b], thickness)
    torso = [places[name] for name in _TORSO if name in places]
    neck = position(places, NECK)
    if neck is not None:
        torso.append(neck)
    if len(torso) >= 2:
        hull = cv2.convexHull(_fixed(np.array(torso)))
        cv2.fillPoly(mask, [hull], 1, shift=_SUBPIXEL)
        cv2.polylines(mask, [hull], True, 1, _stroke(mask, 1.5 * thickness), shift=_SUBPIXEL)
    for side in _SIDES:
        _beyond(mask, places, f"{side}_elbow", f"{side}_wrist", HAND_LENGTH * size, thickness)
        _beyond(mask, places, f"{side}_knee", f"{side}_ankle", 0.0, 1.2 * FOOT_LENGTH * size)
    _head(mask, places, size)
    return mask.astype(bool) if mask.any() else None


def _head(mask: np.ndarray, places: dict[str, np.ndarray], size: float) -> None:
    """Head and hair: a disc of 1.4 head heights, and the neck down to the shoulders."""
    neck = position(places, NECK)
    crown = position(places, HEAD_TOP)
    facial = [places[name] for name in FACIAL if name in places]
    shoulders = [places[f"{side}_shoulder"] for side in _SIDES if f"{side}_shoulder" in places]
    radius = 0.7 * HEAD_HEIGHT * size
    if crown is not None and neck is not None:
        centre = crown + 0.45 * (neck - crown)
        radius = max(radius, 0.6 * float(np.hypot(*(neck - crown))))
    elif crown is not None or facial:
        centre = crown if crown is not None else np.mean(facial, axis=0)
    elif neck is not None or shoulders:
        # Nobody labelled the head, but it is on the shoulders: on the other side than the hips, else above.
        base = neck if neck is not None else np.mean(shoulders, axis=0)
        hips = [places[f"{side}_hip"] for side in _SIDES if f"{side}_hip" in places]
        along = base - np.mean(hips, axis=0) if hips else np.array([0.0, -1.0])
        centre = base + 0.85 * HEAD_HEIGHT * size * along / max(float(np.hypot(*along)), 1e-9)
        radius *= 1.2
    else:
        return
    _disc(mask, centre, radius)
    base = neck if neck is not None else np.mean(shoulders, axis=0) if shoulders else None
    if base is not None:
        _line(mask, centre, base, 1.4 * radius)


def _beyond(mask: np.ndarray, places: dict, inner: str, outer: str, length: float, thickness: float) -> None:
    """A disc at ``outer``, drawn on by ``length`` px in the direction in which the limb points."""
    if outer not in places:
        return
    end = places[outer]
    if inner in places and length > 0:
        along = end - places[inner]
        end = end + length * along / max(float(np.hypot(*along)), 1e-9)
    _line(mask, places[outer], end, thickness)


def _bounded(place: np.ndarray, height: int, width: int) -> np.ndarray:
    """Joints far outside drawn as lying nearer by: OpenCV's fixed-point coordinates overflow otherwise."""
    return np.clip(place, [-2.0 * width, -2.0 * height], [3.0 * width, 3.0 * height])


def _fixed(places: np.ndarray) -> np.ndarray:
    return np.rint(places * (1 << _SUBPIXEL)).astype(np.int32)


def _line(mask: np.ndarray, a: np.ndarray, b: np.ndarray, thickness: float) -> None:
    a, b = _fixed(np.array([a, b])).tolist()
    cv2.line(mask, a, b, 1, _stroke(mask, thickness), shift=_SUBPIXEL)


def _stroke(mask: np.ndarray, thickness: float) -> int:
    """A thickness that OpenCV accepts: 1 to 32767 px, and no more than covers the image."""
    return round(min(max(thickness, 1), 2 * max(mask.shape), 32767))


def _disc(mask: np.ndarray, centre: np.ndarray, radius: float) -> None:
    radius = min(max(radius, 1.0), 2.0 * max(mask.shape))
    cv2.circle(mask, _fixed(centre).tolist(), round(radius * (1 << _SUBPIXEL)), 1, -1, shift=_SUBPIXEL)


def _box_of(mask: np.ndarray) -> np.ndarray:
    """(4,) float64 ``xyxy`` px of a mask's tight box, right and lower edge exclusive."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=np.float64)


def _usable(box: np.ndarray, height: int, width: int) -> np.ndarray | None:
    """An ``xyxy`` box with extent that touches the image, else None."""
    inside = box[0] < width and box[1] < height and box[2] > 0 and box[3] > 0
    return box if np.isfinite(box).all() and (box[2:] > box[:2]).all() and inside else None


def _is_extent(box: np.ndarray, points: dict[str, np.ndarray]) -> bool:
    """Whether an ``xyxy`` box is no more than the extent of the keypoints."""
    places = np.array([point[:2] for point in points.values()])
    extent = np.concatenate([places.min(axis=0), places.max(axis=0)])
    return bool(np.abs(box - extent).max() <= max(2.0, 0.02 * (box[2:] - box[:2]).max()))


def _around(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The tight ``xyxy`` box of two."""
    return np.concatenate([np.minimum(one[:2], other[:2]), np.maximum(one[2:], other[2:])])


def _pixels(box: np.ndarray, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of the image that an ``xyxy`` box touches."""
    low, high = np.floor(box[:2]).clip(0), np.ceil(box[2:]).clip(0, [width, height])
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _xyxy(box: list[float]) -> np.ndarray:
    x, y, w, h = (np.nan if value is None else float(value) for value in box)
    return np.array([x, y, x + w, y + h])
