"""A detector of faces of any size in an image of any size, from one that finds faces of limited size."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator

import numpy as np

from anonbench.detect.detector import Detections, Detector, distinct, nothing, together
from anonbench.detect.tiles import longer_sides, resized, tiled

# px of the smallest face that a network finds well at the scale of its input.
SMALLEST = 16
# px of the largest face, of which the network sees enough at once. Of WIDER FACE's faces of 512 px and more, CenterFace
# covers 48 % alone and 90 % with the further levels.
LARGEST = 192
# From one level to the next; from the second one on, faces of about LARGEST / FACTOR px or more are looked for.
FACTOR = 3
_OVERLAP = 0.8
_SAME = 0.4  # intersection over union from which on two boxes are one face
# px; a larger level is cut into tiles, which bounds the memory (0.4 GB for CenterFace).
TILE, MARGIN = 1536, 256


class Pyramid(Detector):
    """Looks for faces of all sizes, level by level.

    Parameters
    ----------
    min_face_size
        Side in px of the smallest face to look for. The cost grows with the inverse square.
    threshold
        Least score of a detection.
    """

    def __init__(self, min_face_size: float, threshold: float) -> None:
        self.min_face_size = min_face_size
        self.threshold = threshold

    @abstractmethod
    def find(self, image: np.ndarray) -> Detections:
        """Faces of 16 to 192 px in an image of at most 1536 x 1536 px, with landmarks, in any order, maybe repeated."""

    def __call__(self, image: np.ndarray) -> Detections:
        """Find the faces of an image, (height, width, 3) uint8 RGB."""
        parts = [nothing(landmarks=True)]
        scales = list(levels(max(image.shape[:2]), SMALLEST / self.min_face_size))
        for number, scale in enumerate(scales):
            level, enlarge = resized(image, scale)
            found = tiled(level, self.find, TILE, MARGIN)
            sides = longer_sides(found.boxes)
            low = _OVERLAP * LARGEST / FACTOR if number > 0 else 0
            high = LARGEST if number < len(scales) - 1 else math.inf
            parts.append(found[(sides >= low) & (sides < high)].moved(enlarge))
        return distinct(together(parts), _SAME)


def levels(side: int, first: float) -> Iterator[float]:
    """The scales of an image of this longer side in px, from the first one on until no larger face has room."""
    yield first
    while side * first > LARGEST:
        first /= FACTOR
        yield first
