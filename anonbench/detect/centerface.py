"""Faces found by CenterFace (Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019)."""

from __future__ import annotations

import cv2
import numpy as np

from anonbench.detect.detector import Detections
from anonbench.detect.network import Network, any_size
from anonbench.detect.pyramid import Pyramid
from anonbench.detect.tiles import padded_to_multiple
from anonbench.detect.weights import CENTERFACE

THRESHOLD = 0.15
_STRIDE = 4  # px between the network's answers
_MULTIPLE = 32
_OUTPUTS = ("537", "538", "539", "540")  # score, size, offset, landmarks; each with y before x


class CenterFace(Pyramid):
    """CenterFace: an anchor-free network of 1.8 million weights.

    Parameters are those of :class:`anonbench.detect.pyramid.Pyramid`.

    Raises
    ------
    UserError
        If the weights cannot be had.
    """

    def __init__(self, min_face_size: float = 16, threshold: float = THRESHOLD) -> None:
        super().__init__(min_face_size, threshold)
        self._network = Network(any_size(CENTERFACE.read()), _OUTPUTS)

    def find(self, image: np.ndarray) -> Detections:
        blob = cv2.dnn.blobFromImage(padded_to_multiple(image, _MULTIPLE))
        heat, size, offset, landmarks = (output[0] for output in self._network(blob))
        rows, columns = np.nonzero(heat[0] >= self.threshold)
        at = np.stack([rows, columns]).astype(np.float64)
        size = np.exp(size[:, rows, columns].astype(np.float64)) * _STRIDE
        centre = (at + offset[:, rows, columns] + 0.5) * _STRIDE
        low = centre - size / 2
        boxes = np.concatenate([low[::-1], low[::-1] + size[::-1]]).T
        points = landmarks[:, rows, columns].reshape(5, 2, -1) * size + low
        return Detections(boxes, heat[0][rows, columns].astype(np.float64), points[:, ::-1].transpose(2, 0, 1))
