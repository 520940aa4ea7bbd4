"""The window that a network sees of a region: from the image to network resolution and back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

# Surroundings on each side of the region's box, as a fraction of the box's side.
CONTEXT = 0.15


@dataclass(frozen=True)
class Window:
    """A rectangle of an image in whole px, which may reach outside of it, of the network's aspect ratio to 1 px.

    Parameters
    ----------
    left, top
        Its corner, px in the image.
    width, height
        Its size in px of the image.
    """

    left: int
    top: int
    width: int
    height: int

    def containing(self, x1: int, y1: int, x2: int, y2: int) -> Window:
        """This window, enlarged about its centre where the rectangle reaches beyond it."""
        x, y = self.left + self.width / 2, self.top + self.height / 2
        wide, high = 2 * max(x - x1, x2 - x), 2 * max(y - y1, y2 - y)
        scale = max(wide / self.width, high / self.height)
        if scale <= 1:
            return self
        width, height = math.ceil(self.width * scale) + 1, math.ceil(self.height * scale) + 1
        return Window(math.floor(x - width / 2), math.floor(y - height / 2), width, height)

    def cut(self, pixels: np.ndarray, outside: int = 0) -> np.ndarray:
        """The window's part of ``pixels``, (h, w) or (h, w, C), with ``outside`` where it reaches beyond."""
        rows, cols = pixels.shape[:2]
        top, left = min(max(0, self.top), rows), min(max(0, self.left), cols)
        bottom, right = min(max(0, self.top + self.height), rows), min(max(0, self.left + self.width), cols)
        result = np.full((self.height, self.width, *pixels.shape[2:]), outside, pixels.dtype)
        if bottom > top and right > left:
            result[top - self.top : bottom - self.top, left - self.left : right - self.left] = pixels[
                top:bottom, left:right
            ]
        return result

    def paste(self, source: np.ndarray, target: np.ndarray) -> None:
        """Write ``source``, (height, width, C), into the part of ``target`` that the window covers."""
        rows, cols = target.shape[:2]
        top, left = min(max(0, self.top), rows), min(max(0, self.left), cols)
        bottom, right = min(max(0, self.top + self.height), rows), min(max(0, self.left + self.width), cols)
        target[top:bottom, left:right] = source[
            top - self.top : bottom - self.top, left - self.left : right - self.left
        ]

    def points(self, keypoints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Keypoints (K, 3) of the image in px of the network's ``size`` (width, height); visibility is kept."""
        moved = keypoints.astype(float).copy()
        moved[:, 0] = (moved[:, 0] - self.left) * size[0] / self.width
        moved[:, 1] = (moved[:, 1] - self.top) * size[1] / self.height
        return moved


def window_of(box: np.ndarray, size: tuple[int, int], widen: float = 1.0) -> Window:
    """The window around a region's box: its context on every side, filled up to the network's aspect ratio.

    Parameters
    ----------
    box
        (4,) finite ``xyxy`` px with an extent.
    size
        The network's (width, height) px.
    widen
        Factor on the window's sides.
    """
    x1, y1, x2, y2 = (float(value) for value in box)
    scale = max((x2 - x1) / size[0], (y2 - y1) / size[1]) * (1 + 2 * CONTEXT) * widen
    width, height = max(1, math.ceil(size[0] * scale)), max(1, math.ceil(size[1] * scale))
    return Window(round((x1 + x2 - width) / 2), round((y1 + y2 - height) / 2), width, height)


def resize(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pixels (h, w[, C]) at ``size`` (width, height): averaged when they shrink, cubic when they grow."""
    shrinks = size[0] * size[1] < pixels.shape[0] * pixels.shape[1]
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
