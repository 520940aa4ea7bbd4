"""Which pixels a region really covers: clipping, growing, and what to hide when its outline cannot be trusted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from anonbench.regions.morphology import dilated
from anonbench.regions.region import Region

# A person whose box has no extent is somewhere around it; so many px are hidden in each direction.
DEGENERATE_REACH = 8


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
    cannot ask for unbounded work.

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
    box = _finite_box(region.box)
    if box is None:
        whole = np.array([0, 0, width, height], float)
        every = slice(0, height), slice(0, width)
        everything = np.ones(shape, bool)
        return Footprint(every, everything, everything, whole, max(shape), "box_not_finite")
    mask, problem = _trusted_mask(region.mask, shape)
    # Plain numbers from here on: this runs once a region, and small arrays would cost more than the pixels do.
    x1, y1, x2, y2 = box
    if not (x2 > x1 and y2 > y1):
        # Without extent the box says where but not how much. It is brought into the image: better one patch too many
        # than a person whom a broken annotation leaves visible.
        problem = problem or "box_degenerate"
        (x1, x2), (y1, y2) = _reach(x1, x2, width), _reach(y1, y2, height)
    x1, x2 = min(max(0, math.floor(x1)), width), min(max(0, math.ceil(x2)), width)
    y1, y2 = min(max(0, math.floor(y1)), height), min(max(0, math.ceil(y2)), height)
    box_visible = x2 > x1 and y2 > y1
    if mask is not None:
        left, top, w, h = cv2.boundingRect(mask.view(np.uint8))
        if box_visible:
            x1, y1, x2, y2 = min(left, x1), min(top, y1), max(left + w, x2), max(top + h, y2)
        else:
            x1, y1, x2, y2 = left, top, left + w, top + h
    elif not box_visible:
        nowhere = slice(0, 0), slice(0, 0)
        return Footprint(nowhere, None, np.zeros((0, 0), bool), np.zeros(4), 0.0, "outside")
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


def _finite_box(box: object) -> tuple[float, float, float, float] | None:
    try:
        x1, y1, x2, y2 = (float(value) for value in box)
    except (TypeError, ValueError):
        return None
    return (x1, y1, x2, y2) if all(map(math.isfinite, (x1, y1, x2, y2))) else None


def _reach(one: float, other: float, length: int) -> tuple[float, float]:
    low, high = sorted(min(max(0.0, value), length - 1.0) for value in (one, other))
    return low - DEGENERATE_REACH, high + 1 + DEGENERATE_REACH


def _trusted_mask(mask: np.ndarray | None, shape: tuple[int, int]) -> tuple[np.ndarray | None, str]:
    """A contiguous boolean mask of the image's shape or None, and what is wrong with the annotated one."""
    if mask is None:
        return None, ""
    mask = np.asarray(mask)
    if mask.shape != shape:
        return None, "mask_wrong_shape"
    mask = np.ascontiguousarray(mask, dtype=bool)
    return (mask, "") if mask.any() else (None, "mask_empty")
