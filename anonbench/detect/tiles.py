"""Detecting in an image of any size with a network that takes parts of it."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from anonbench.detect.detector import Detections, together

# px by which a box may miss the border that cuts a face or a person.
_BORDER = 4


def tiled(image: np.ndarray, find: Callable[[np.ndarray], Detections], longest: int, margin: int) -> Detections:
    """What ``find`` finds in the tiles of an image.

    Neighbouring tiles share a margin, so that a face or person that one tile cuts is whole in another one, if it is no
    larger than the margin. What a border between tiles cuts is left out.

    Parameters
    ----------
    image
        (height, width, 3) uint8.
    find
        Finds faces or people in a tile.
    longest
        Side in px of the largest tile.
    margin
        px.
    """
    height, width = image.shape[:2]
    parts = []
    for left, right in stretches(width, longest, margin):
        for top, bottom in stretches(height, longest, margin):
            found = find(image[top:bottom, left:right])
            low, high = found.boxes[:, :2], found.boxes[:, 2:]
            cut = (low < _BORDER) & ([left > 0, top > 0])
            cut |= (high > [right - left - _BORDER, bottom - top - _BORDER]) & ([right < width, bottom < height])
            parts.append(found[~cut.any(axis=1)].moved((1, 1), (left, top)))
    return together(parts)


def stretches(length: int, longest: int, margin: int) -> list[tuple[int, int]]:
    """Start and end in px of the tiles along a side of this length: as few as possible, of one size."""
    count = max(1, math.ceil((length - margin) / (longest - margin)))
    tile = math.ceil((length + (count - 1) * margin) / count)
    starts = [round(number * (length - tile) / max(1, count - 1)) for number in range(count)]
    return [(start, start + tile) for start in starts]


def resized(image: np.ndarray, scale: float) -> tuple[np.ndarray, tuple[float, float]]:
    """The image at this scale, and the factors (x, y) that bring places in it back to the image."""
    height, width = image.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size == (width, height):
        return image, (1.0, 1.0)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(image, size, interpolation=interpolation), (width / size[0], height / size[1])


def padded(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """The image with black below and on the right, to this size in px."""
    below, right = height - image.shape[0], width - image.shape[1]
    return cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT)


def padded_to_multiple(image: np.ndarray, multiple: int) -> np.ndarray:
    """The same, with sides that are multiples of ``multiple`` px."""
    height, width = (math.ceil(side / multiple) * multiple for side in image.shape[:2])
    return padded(image, height, width)


def longer_sides(boxes: np.ndarray) -> np.ndarray:
    """(N,) px of (N, 4) ``xyxy`` boxes."""
    return (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)
