"""What every detector is: a photograph in, boxes out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Detections:
    """What was found in one image, most confident first.

    Parameters
    ----------
    boxes
        (N, 4) float64 ``xyxy`` px; they may reach outside the image.
    scores
        (N,) float64 in [0, 1]. Scores of different detectors cannot be compared.
    landmarks
        (N, 5, 2) float64 px: right eye, left eye, nose, right and left corner of the mouth, in the person's sense of
        right and left; None from a detector that does not find them.
    """

    boxes: np.ndarray
    scores: np.ndarray
    landmarks: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, chosen: np.ndarray) -> Detections:
        """Those of an index array or a boolean array."""
        landmarks = None if self.landmarks is None else self.landmarks[chosen]
        return Detections(self.boxes[chosen], self.scores[chosen], landmarks)

    def moved(self, scale: tuple[float, float], offset: tuple[float, float] = (0, 0)) -> Detections:
        """In an image of which this one is the part at ``offset`` px (x, y), enlarged by ``scale`` afterwards."""
        boxes = (self.boxes + np.tile(offset, 2)) * np.tile(scale, 2)
        landmarks = None if self.landmarks is None else (self.landmarks + offset) * scale
        return Detections(boxes, self.scores, landmarks)


class Detector(ABC):
    """Finds faces, or people. Calls from several threads are safe."""

    @abstractmethod
    def __call__(self, image: np.ndarray) -> Detections:
        """Find everybody in an image, (height, width, 3) uint8 RGB."""


def nothing(landmarks: bool) -> Detections:
    """No detections, with or without landmarks."""
    return Detections(np.zeros((0, 4)), np.zeros(0), np.zeros((0, 5, 2)) if landmarks else None)


def together(parts: list[Detections]) -> Detections:
    """All parts as one, as they come; there is at least one part."""
    landmarks = [part.landmarks for part in parts]
    return Detections(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        None if landmarks[0] is None else np.concatenate(landmarks),
    )


def distinct(found: Detections, overlap: float) -> Detections:
    """The most confident of boxes whose intersection over union exceeds ``overlap``, most confident first."""
    if not len(found):
        return found
    xywh = np.concatenate([found.boxes[:, :2], found.boxes[:, 2:] - found.boxes[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(xywh.tolist(), found.scores.tolist(), 0.0, overlap)
    return found[np.asarray(kept, dtype=int).reshape(-1)]
