"""Sheets of pictures: what was found in photographs, and what methods make of one."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from anonbench.regions.region import ANNOTATED, DETECTED, KEYPOINTS, UNLOCATED

CAPTION = 22  # px
GAP = 4  # px
COLOURS = {
    ANNOTATED: (40, 200, 90),
    KEYPOINTS: (60, 140, 255),
    DETECTED: (255, 120, 20),
    UNLOCATED: (230, 20, 60),
}


def captioned(image: np.ndarray, text: str) -> np.ndarray:
    """An RGB picture below a line of text."""
    strip = np.full((CAPTION, image.shape[1], 3), 255, np.uint8)
    scale = min(
        0.45, 0.45 * (image.shape[1] - 8) / max(cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)[0][0], 1)
    )
    cv2.putText(strip, text, (4, CAPTION - 7), cv2.FONT_HERSHEY_SIMPLEX, scale, (30, 30, 30), 1, cv2.LINE_AA)
    return np.concatenate([strip, image])


def fitted(image: np.ndarray, width: int, height: int) -> tuple[np.ndarray, float]:
    """A picture scaled down to fit, never up, on white of exactly this size; and by what it was scaled."""
    scale = min(1.0, width / image.shape[1], height / image.shape[0])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
    canvas = np.full((height, width, 3), 255, np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small
    return canvas, scale


def outlined(image: np.ndarray, boxes: Sequence[tuple[Sequence[float], str]], width: int, height: int) -> np.ndarray:
    """A picture :func:`fitted`, with the outlines of boxes, ``xyxy`` px in it, in the colours of their sources."""
    canvas, scale = fitted(image, width, height)
    for box, source in boxes:
        x1, y1, x2, y2 = (round(float(value) * scale) for value in box)
        cv2.rectangle(canvas, (x1, y1), (max(x1, x2 - 1), max(y1, y2 - 1)), COLOURS[source], 2)
    return canvas


def grid(pictures: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Pictures of one size in rows of so many columns, on white."""
    height, width = pictures[0].shape[:2]
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * (height + GAP), min(columns, len(pictures)) * (width + GAP), 3), 255, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = index // columns * (height + GAP), index % columns * (width + GAP)
        sheet[top : top + height, left : left + width] = picture
    return sheet
