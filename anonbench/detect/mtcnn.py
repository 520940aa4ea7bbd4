"""Faces found by MTCNN (Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded CNNs", 2016)."""

from __future__ import annotations

from pathlib import Path

import facenet_pytorch
import numpy as np
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from facenet_pytorch.models.utils.detect_face import detect_face

from anonbench.detect.detector import Detections, Detector, nothing

THRESHOLD = 0.7  # of the last stage; those of the others, and the pyramid's step, as the paper's authors set them
_EARLIER_THRESHOLDS = (0.6, 0.7)
_PYRAMID_FACTOR = 0.709
_SMALLEST_INPUT = 12  # px that the first stage's window covers


class Mtcnn(Detector):
    """MTCNN with the weights that facenet-pytorch carries in its package. It computes on the CPU; GPUs are slower.

    Parameters
    ----------
    min_face_size
        Side in px of the smallest face to look for, at least 8. The cost grows with the inverse square.
    threshold
        Least score.
    """

    def __init__(self, min_face_size: float = 16, threshold: float = THRESHOLD) -> None:
        self.min_face_size = min_face_size
        self._thresholds = [*_EARLIER_THRESHOLDS, threshold]
        self._stages = [
            _load(net(pretrained=False), weights)
            for net, weights in ((PNet, "pnet.pt"), (RNet, "rnet.pt"), (ONet, "onet.pt"))
        ]

    def __call__(self, image: np.ndarray) -> Detections:
        """Find the faces of one image, (height, width, 3) uint8 RGB."""
        if min(image.shape[:2]) < max(self.min_face_size, _SMALLEST_INPUT):
            return nothing(landmarks=False)
        try:
            found = self._detect(image)
        except (IndexError, RuntimeError):
            # facenet-pytorch drops candidates that lie wholly outside of the image without dropping their scores, and
            # fails. A border keeps every candidate inside; a second failure is a real one.
            border = max(image.shape[:2]) // 2
            padded = np.pad(image, ((border, border), (border, border), (0, 0)))
            found = self._detect(padded) - [border, border, border, border, 0]
        order = np.argsort(-found[:, 4], kind="stable")
        return Detections(found[order, :4], found[order, 4])

    @torch.inference_mode()
    def _detect(self, image: np.ndarray) -> np.ndarray:
        cpu = torch.device("cpu")
        boxes, _ = detect_face(image, self.min_face_size, *self._stages, self._thresholds, _PYRAMID_FACTOR, cpu)
        return np.asarray(boxes[0], dtype=np.float64).reshape(-1, 5)


def _load(net: torch.nn.Module, weights: str) -> torch.nn.Module:
    path = Path(facenet_pytorch.__file__).parent / "data" / weights
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return net.eval()
