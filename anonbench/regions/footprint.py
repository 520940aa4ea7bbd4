"""Which pixels a region really covers: clipping, growing, and what to hide when its outline cannot be trusted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from anonbench.regions.morphology import dilated
from anonbench.regions.region import DRAWN, Region

NOT_LOCATED = "not_located"


@dataclass(frozen=True)
class Footprint:
    """The pixels of one region within its image.

    Parameters
    ----------
    window
        Row and column slices of the image that bound ``mask``.
    mask
        (h, w) bool, the grown region within ``window``; None if no pixel of it is visible.
    outline
        (h, w) bool, the same before growing; empty where ``mask`` is None.
    box
        (4,) float64 ``xyxy`` px in the image: the bounding box of the visible pixels before growing.
    side
        The longer side of ``box``.
    problem
        Why the region has to be masked out instead of processed, or empty.
    """

    window: tuple[slice, slice]
    mask: np.ndarray | None
    outline: np.ndarray
    box: np.ndarray
    side: float
    problem: str = ""


def footprint(region: Region, shape: tuple[int, int], grow: Callable[[float], int]) -> Footprint:
    """Find the pixels that a region covers in an image of ``shape`` (height, width).

    Every pixel that the box touches belongs to it. Where there is a mask, it alone says which pixels to replace, and
    the box only takes part in the size. The size is that of the visible part, so that a box that reaches far outside
    cannot ask for unbounded work. Without a mask or a box with extent the person may be anywhere: the whole image
    belongs to the region. So it does where an annotated box lies outside of the image, which nobody annotates; a face
    that was drawn from keypoints or detected may really be out of sight.

    Parameters
    ----------
    region
        As annotated or detected; nothing about it is trusted.
    shape
        (height, width) of the image in px.
    grow
        From the region's longer side in px to the px by which it grows in every direction.
    """
    height, width = shape
    mask, problem = _trusted_mask(region.mask, shape)
    box = _box(region.box)
    if mask is not None:
        x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
        masked = x, y, x + w, y + h
    # Plain numbers from here on: this runs once a region, and small arrays would cost more than the pixels do.
    visible = box and _clipped(box, height, width)
    if mask is not None and visible:
        x1, y1, x2, y2 = (pick(a, b) for pick, a, b in zip((min, min, max, max), masked, visible, strict=True))
    elif mask is not None:
        x1, y1, x2, y2 = masked
    elif visible:
        x1, y1, x2, y2 = visible
    elif box and region.source in DRAWN:
        nowhere = slice(0, 0), slice(0, 0)
        return Footprint(nowhere, None, np.zeros((0, 0), bool), np.zeros(4), 0.0, "outside")
    else:
        every = slice(0, height), slice(0, width)
        everything = np.ones(shape, bool)
        whole = np.array([0, 0, width, height], float)
        return Footprint(every, everything, everything, whole, max(shape), NOT_LOCATED)
    side = float(max(x2 - x1, y2 - y1))
    radius = grow(side)
    top, left = max(0, y1 - radius), max(0, x1 - radius)
    window = slice(top, min(height, y2 + radius)), slice(left, min(width, x2 + radius))
    if mask is not None and not problem:
        inside = mask[window].copy()
    else:
        inside = np.zeros((window[0].stop - top, window[1].stop - left), bool)
        inside[y1 - top : y2 - top, x1 - left : x2 - left] = True
    outline, inside = inside, dilated(inside, radius)
    return Footprint(window, inside, outline, np.array([x1, y1, x2, y2], float), side, problem)


def _box(box: object) -> tuple[float, float, float, float] | None:
    """The box as plain numbers; None where it is not finite or has no extent."""
    try:
        x1, y1, x2, y2 = (float(value) for value in box)
    except (TypeError, ValueError):
        return None
    return (x1, y1, x2, y2) if all(map(math.isfinite, (x1, y1, x2, y2))) and x2 > x1 and y2 > y1 else None


def _clipped(box: tuple[float, float, float, float], height: int, width: int) -> tuple[int, int, int, int] | None:
    """Every pixel of the image that the box touches; None where it touches none."""
    x1, y1, x2, y2 = box
    x1, x2 = min(max(0, math.floor(x1)), width), min(max(0, math.ceil(x2)), width)
    y1, y2 = min(max(0, math.floor(y1)), height), min(max(0, math.ceil(y2)), height)
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def _trusted_mask(mask: np.ndarray | None, shape: tuple[int, int]) -> tuple[np.ndarray | None, str]:
    """A contiguous boolean mask of the image's shape or None, and what is wrong with the annotated one."""
    if mask is None:
        return None, ""
    mask = np.asarray(mask)
    if mask.shape != shape:
        return None, "mask_wrong_shape"
    mask = np.ascontiguousarray(mask, dtype=bool)
    return (mask, "") if mask.any() else (None, "mask_empty")
