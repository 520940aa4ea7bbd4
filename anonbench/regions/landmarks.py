"""Where eyes, nose and mouth are in a face's region: as a generator is told to draw them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import cv2
import numpy as np

from anonbench.detect.detector import Detections, Detector
from anonbench.regions.anatomy import FACIAL, HEAD_TOP, NECK, PUPILS, head_height, position
from anonbench.regions.face import keypoint_face
from anonbench.regions.region import DETECTED, KEYPOINTS, UNLOCATED, Region
from anonbench.regions.window import resize

LANDMARKS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""The names of a face region's keypoints, in the order of :attr:`anonbench.detect.detector.Detections.landmarks`."""
SEEN, GUESSED = 2, 1
"""Their visibility where they were found or annotated, and where only the region says where they should be."""

# Of an upright face, x and y, from the middle between the pupils, in units of the distance between these. Five are in
# the proportions of the template that face recognition aligns to (Deng et al., "ArcFace", CVPR 2019); ears are rough.
_UPRIGHT = {
    "right_eye": (-0.5, 0.0),
    "left_eye": (0.5, 0.0),
    "nose": (0.0, 0.57),
    "right_mouth": (-0.41, 1.155),
    "left_mouth": (0.41, 1.155),
    "right_ear": (-1.14, 0.25),
    "left_ear": (1.14, 0.25),
}
# In a box around the face alone, from 0 to 1: medians of 1,019 faces of WIDER FACE in which YuNet found them.
_IN_BOX = np.array([(0.27, 0.37), (0.73, 0.37), (0.5, 0.565), (0.315, 0.735), (0.685, 0.735)])
# How far down from crown to neck the eyes are: half a head's height of 1.3 of them.
_EYES = 0.385
# The detector sees each face alone, in a square so many times as long as the region's longer side, of so many px.
# Beyond the image its border is repeated: landmarks of faces that the image cuts are otherwise off by a tenth of them.
_SHOWN, _SIDE = 2.0, 160
# Of a detected face, how much must lie in the region, and how much of the region it must fill at least.
_INSIDE, _FILLED = 0.5, 0.15
CERTAIN = 0.5  # least score of a detection whose landmarks count


def upright(names: Sequence[str] = LANDMARKS) -> np.ndarray:
    """(K, 2) where landmarks are on an upright face: x and y from the middle of the pupils, which are 1 apart."""
    return np.array([_UPRIGHT[name] for name in names])


def whole_head(region: Region) -> Region | None:
    """The square around a head, by its eyes and nose; None where they are unknown, or the region is that square.

    It has the face's landmarks.
    """
    landmarks = region.keypoints
    if region.source == KEYPOINTS or landmarks is None or not (landmarks[:, 2] == SEEN).all():
        return None
    seen = {"id": region.annotation_id, "keypoints": landmarks[:3].ravel().tolist()}
    head = keypoint_face(seen, list(LANDMARKS[:3]))
    return None if head is None else replace(head, keypoints=landmarks)


class Marker:
    """Finds the landmarks of an image's faces, and gives them to their regions as keypoints, (5, 3) px.

    They are those that YuNet finds; else the annotated eyes and nose, by which the mouth is placed; else all are
    guessed from the region, their visibility being ``GUESSED``.

    Parameters
    ----------
    grow
        By what share of its longer side a detected region was grown.
    """

    def __init__(self, grow: float) -> None:
        self.grow = grow

    @cached_property
    def _detector(self) -> Detector:
        from anonbench.detect.yunet import YuNet  # its packages take time

        return YuNet(threshold=CERTAIN)

    def __call__(
        self, pixels: np.ndarray, regions: Sequence[Region], people: Mapping[int, dict[str, np.ndarray]] | None = None
    ) -> list[Region]:
        """The regions of an image (H, W, 3) uint8 RGB, with landmarks where they are located.

        ``people`` are the labelled keypoints (:func:`anonbench.regions.anatomy.labelled`) by annotation.
        """
        people = people or {}
        return [
            region if region.source == UNLOCATED else self._marked(region, pixels, people.get(region.annotation_id, {}))
            for region in regions
        ]

    def _marked(self, region: Region, pixels: np.ndarray, points: dict[str, np.ndarray]) -> Region:
        landmarks = self._detected(region.box, pixels)
        if landmarks is None:
            landmarks = _completed(points)
        if landmarks is None:
            landmarks = _from_head(points) if region.source == KEYPOINTS else _from_box(region, self.grow)
        return replace(region, keypoints=landmarks)

    def _detected(self, box: np.ndarray, pixels: np.ndarray) -> np.ndarray | None:
        side = _SHOWN * (box[2:] - box[:2]).max()
        corner = (box[:2] + box[2:] - side) / 2
        shown = _square(pixels, corner, side)
        if shown is None:
            return None
        scale = side / _SIDE
        return _fitting(box, self._detector(shown).moved((scale, scale), tuple(corner / scale)))


def _square(pixels: np.ndarray, corner: np.ndarray, side: float) -> np.ndarray | None:
    """(_SIDE, _SIDE, 3) of the image from ``corner`` (x, y) on; None where it shows nothing of it.

    A square may be far larger than the image: only what they share is scaled. Beyond it the image's border is repeated.
    """
    size = pixels.shape[1::-1]
    low, high = np.floor(corner).clip(0, size).astype(int), np.ceil(corner + side).clip(0, size).astype(int)
    start, end = (np.rint((places - corner) * _SIDE / side).clip(0, _SIDE).astype(int) for places in (low, high))
    if not (end > start).all():
        return None
    part = resize(pixels[low[1] : high[1], low[0] : high[0]], tuple(int(n) for n in end - start))
    (left, top), (right, bottom) = start.tolist(), (_SIDE - end).tolist()
    return cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_REPLICATE)


def _fitting(box: np.ndarray, found: Detections) -> np.ndarray | None:
    """The landmarks of the most confident face that fits the box."""
    low, high = np.maximum(found.boxes[:, :2], box[:2]), np.minimum(found.boxes[:, 2:], box[2:])
    shared = (high - low).clip(0).prod(1)
    area = (found.boxes[:, 2:] - found.boxes[:, :2]).prod(1)
    fits = np.flatnonzero((shared > _INSIDE * area) & (area > _FILLED * (box[2:] - box[:2]).prod()))
    if not len(fits):
        return None
    return _points(found.landmarks[fits[found.scores[fits].argmax()]], SEEN)


def _completed(points: dict[str, np.ndarray]) -> np.ndarray | None:
    """Both eyes and the nose as annotated, with the mouth where it is on a face of that place, turn and size."""
    if not {"right_eye", "left_eye", "nose"} <= points.keys():
        return None
    known = [name for name in FACIAL if name in points]
    placed = _fitted(upright(known), np.array([points[name][:2] for name in known]))
    completed = _points(placed(upright()), SEEN)
    for index, name in enumerate(LANDMARKS):
        if name in points:
            completed[index, :2] = points[name][:2]
    return completed


def _from_head(points: dict[str, np.ndarray]) -> np.ndarray:
    """As on a face one side of which is seen, as upright on a head of which no face is, or between crown and neck."""
    known = [name for name in FACIAL if name in points]
    places = np.array([points[name][:2] for name in known])
    if len(known) > 1 and not known[0].endswith("ear"):
        return _points(_fitted(upright(known), places)(upright()), GUESSED)
    apart = PUPILS * head_height(points)
    if known:
        middle = upright(known).mean(0) if len(known) == 1 else np.array([0.0, _UPRIGHT["left_ear"][1]])
        return _points(places.mean(0) + apart * (upright() - middle), GUESSED)
    crown, neck = position(points, HEAD_TOP), position(points, NECK)
    down = (neck - crown) / max(float(np.hypot(*(neck - crown))), 1e-6)
    turned = upright() @ np.array([[down[1], -down[0]], down])
    return _points(crown + _EYES * (neck - crown) + apart * turned, GUESSED)


def _from_box(region: Region, grow: float) -> np.ndarray:
    low, high = region.box[:2], region.box[2:]
    if region.source == DETECTED:
        centre, half = (low + high) / 2, (high - low) / 2
        margin = grow / (1 + 2 * grow) * (high - low).max()
        low, high = centre - (half - margin).clip(0), centre + (half - margin).clip(0)
    return _points(low + _IN_BOX * (high - low), GUESSED)


def _points(places: np.ndarray, visibility: int) -> np.ndarray:
    return np.concatenate([places, np.full((len(places), 1), float(visibility))], 1)


def _fitted(there: np.ndarray, here: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The similarity without reflection that takes (K, 2) points to others with the least squared error."""
    a, b = there - there.mean(0), here - here.mean(0)
    spread = (a**2).sum()
    cosine, sine = (a * b).sum() / spread, (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / spread
    turn = np.array([[cosine, sine], [-sine, cosine]])
    return lambda points: (points - there.mean(0)) @ turn + here.mean(0)
