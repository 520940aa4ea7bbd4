"""What two models find in an image, drawn into it side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np

from anonbench.evaluate.contrasts.record import ContrastCategory, ContrastImage, Detection, Instance, TaskContrast

PANE = 480  # px of the longer side of either half
STRIP, GAP = 22, 4  # px of the line that names a half, and between the halves
INK, PAPER = (29, 32, 37), (255, 255, 255)
RIGHT, FALSE = (72, 219, 178), (255, 146, 72)  # of detections; false ones say so as well
FONT, TEXT = cv2.FONT_HERSHEY_SIMPLEX, 0.4

Pen = Callable[[np.ndarray, tuple[int, int, int], int], None]
"""Draws into (height, width, 3) uint8, in a colour, so many px wide."""


def side_by_side(image: np.ndarray, contrast: ContrastImage, titles: tuple[str, str], of: TaskContrast) -> np.ndarray:
    """What two models find in an image.

    Instances are thin white lines, detections thick ones: green where they match an instance, else orange and called
    false. Each is labelled with its score and, of several categories, the category's name.

    Parameters
    ----------
    image
        (height, width, 3) uint8 RGB.
    contrast
        What is in it, and what either model finds.
    titles
        What stands above either half; ASCII.
    of
        The task, with its kind and the categories that are scored.

    Returns
    -------
    np.ndarray
        (height, width, 3) uint8 RGB: two halves whose longer sides have :data:`PANE` px, the titles above.
    """
    categories = {category.id: category for category in of.categories}
    halves = [
        _half(image, contrast.instances, found, title, of.kind, categories)
        for found, title in zip((contrast.original, contrast.variant), titles, strict=True)
    ]
    gap = np.full((len(halves[0]), GAP, 3), PAPER, np.uint8)
    return np.concatenate([halves[0], gap, halves[1]], axis=1)


def _half(
    image: np.ndarray,
    instances: Sequence[Instance],
    found: Sequence[Detection],
    title: str,
    kind: str,
    categories: Mapping[int, ContrastCategory],
) -> np.ndarray:
    height, width = image.shape[:2]
    scale = PANE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    for instance in instances:
        pen = _pen(instance, kind, categories, scale)
        pen(picture, (0, 0, 0), 3)
        pen(picture, PAPER, 1)
    shown = found[::-1]  # the surest last, on top
    for detection in shown:
        pen = _pen(detection, kind, categories, scale)
        pen(picture, INK, 4)
        pen(picture, RIGHT if detection.match >= 0 else FALSE, 2)
    for detection in shown:
        words = [f"{detection.score:.2f}", *["false"] * bool(detection.match < 0)]
        if len(categories) > 1:
            words.insert(0, categories[detection.category].name)
        colour = RIGHT if detection.match >= 0 else FALSE
        _label(picture, " ".join(words), _corner(detection, kind) * scale, colour)
    strip = np.full((STRIP, size[0], 3), PAPER, np.uint8)
    cv2.putText(strip, _ascii(title), (2, STRIP - 7), FONT, TEXT + 0.05, INK, 1, cv2.LINE_AA)
    return np.concatenate([strip, picture])


def _pen(one: Instance, kind: str, categories: Mapping[int, ContrastCategory], scale: float) -> Pen:
    if kind == "keypoints":
        return _skeleton(one, categories[one.category].skeleton, scale)
    if kind == "segmentation":
        return _outline(one, scale)
    x, y, w, h = (scale * value for value in one.place)
    corners = (round(x), round(y)), (round(x + w), round(y + h))
    return lambda picture, colour, thick: cv2.rectangle(picture, *corners, colour, thick, cv2.LINE_AA)


def _outline(one: Instance, scale: float) -> Pen:
    from pycocotools import mask as rle

    found, _ = cv2.findContours(rle.decode(one.place.model_dump()), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    lines = [np.rint((line + 0.5) * scale).astype(np.int32) for line in found]
    return lambda picture, colour, thick: cv2.polylines(picture, lines, True, colour, thick, cv2.LINE_AA)


def _skeleton(one: Instance, bones: Sequence[Sequence[int]], scale: float) -> Pen:
    points = np.asarray(one.place, dtype=np.float64).reshape(-1, 3)
    known = points[:, 2] > 0
    # Far outside the image, where a diverged model may see them, OpenCV's coordinates would overflow.
    places = np.rint(scale * points[:, :2]).clip(-10_000, 10_000).astype(int)

    def draw(picture: np.ndarray, colour: tuple[int, int, int], thick: int) -> None:
        for a, b in bones:
            if known[a - 1] and known[b - 1]:
                cv2.line(picture, tuple(places[a - 1]), tuple(places[b - 1]), colour, thick, cv2.LINE_AA)
        for x, y in places[known]:
            cv2.circle(picture, (x, y), thick, colour, -1, cv2.LINE_AA)

    return draw


def _corner(one: Instance, kind: str) -> np.ndarray:
    """(2,) px of the upper left end of a detection."""
    if kind == "bbox":
        return np.asarray(one.place[:2], dtype=np.float64)
    if kind == "segmentation":
        from pycocotools import mask as rle

        return np.asarray(rle.toBbox(one.place.model_dump())[:2])
    return np.asarray(one.place, dtype=np.float64).reshape(-1, 3)[:, :2].min(axis=0)


def _label(picture: np.ndarray, text: str, at: np.ndarray, colour: tuple[int, int, int]) -> None:
    """Text on a ground of that colour, inside the picture."""
    text = _ascii(text)
    (width, height), base = cv2.getTextSize(text, FONT, TEXT, 1)
    x = int(np.clip(round(at[0]), 0, max(0, picture.shape[1] - width - 4)))
    y = int(np.clip(round(at[1]), height + base + 2, max(height + base + 2, picture.shape[0] - 1)))
    cv2.rectangle(picture, (x, y - height - base - 2), (x + width + 3, y), colour, -1)
    cv2.putText(picture, text, (x + 2, y - base), FONT, TEXT, INK, 1, cv2.LINE_AA)


def _ascii(text: str) -> str:
    """The text with a question mark for each sign that OpenCV's font lacks."""
    return text.encode("ascii", "replace").decode()
