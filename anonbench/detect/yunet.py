"""Faces found by YuNet (Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector", 2023)."""

from __future__ import annotations

import cv2
import numpy as np

from anonbench.detect.detector import Detections, together
from anonbench.detect.network import Network, any_size
from anonbench.detect.pyramid import Pyramid
from anonbench.detect.tiles import padded_to_multiple
from anonbench.detect.weights import YUNET

THRESHOLD = 0.3
_STRIDES = (8, 16, 32)  # px between the network's answers
_KINDS = ("cls", "obj", "bbox", "kps")


class YuNet(Pyramid):
    """YuNet: a network of 75,000 weights, six times as fast as CenterFace.

    Parameters are those of :class:`anonbench.detect.pyramid.Pyramid`.

    Raises
    ------
    UserError
        If the weights cannot be had.
    """

    def __init__(self, min_face_size: float = 16, threshold: float = THRESHOLD) -> None:
        super().__init__(min_face_size, threshold)
        self._network = Network(any_size(YUNET.read()), [f"{kind}_{s}" for s in _STRIDES for kind in _KINDS])

    def find(self, image: np.ndarray) -> Detections:
        image = padded_to_multiple(image, _STRIDES[-1])
        outputs = [output[0] for output in self._network(cv2.dnn.blobFromImage(image, swapRB=True))]
        width = image.shape[1]
        return together([self._decoded(outputs[4 * i : 4 * i + 4], s, width // s) for i, s in enumerate(_STRIDES)])

    def _decoded(self, outputs: list[np.ndarray], stride: int, columns: int) -> Detections:
        """The detections of one stride; its answers stand row by row."""
        classes, objects, boxes, points = outputs
        scores = np.sqrt(np.clip(classes[:, 0], 0, 1) * np.clip(objects[:, 0], 0, 1)).astype(np.float64)
        chosen = np.flatnonzero(scores >= self.threshold)
        at = np.stack([chosen % columns, chosen // columns], axis=1).astype(np.float64)
        centre = (at + boxes[chosen, :2]) * stride
        half = np.exp(boxes[chosen, 2:].astype(np.float64)) * stride / 2
        landmarks = (at[:, None] + points[chosen].reshape(-1, 5, 2)) * stride
        return Detections(np.concatenate([centre - half, centre + half], axis=1), scores[chosen], landmarks)
