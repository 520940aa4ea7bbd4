"""Faces found by MTCNN (Zhang et al., "Joint Face Detection and Alignment Using Multitask Cascaded CNNs", 2016)."""

from __future__ import annotations

from pathlib import Path

import facenet_pytorch
import numpy as np
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from facenet_pytorch.models.utils.detect_face import detect_face

from anonbench.common.devices import pick_device

_THRESHOLDS = [0.6, 0.7, 0.7]  # of the three stages, and the pyramid's step, as the paper's authors set them
_PYRAMID_FACTOR = 0.709
_SMALLEST_INPUT = 12  # px that the first stage's window covers


class FaceDetector:
    """MTCNN with the weights that facenet-pytorch carries in its package.

    Parameters
    ----------
    min_face_size
        Side in px of the smallest face to look for, at least 8. The cost grows with the inverse square.
    device
        ``auto``, ``cpu``, ``cuda`` or a device of that kind.

    Raises
    ------
    UserError
        If there is no such device.
    """

    def __init__(self, min_face_size: float, device: str = "auto") -> None:
        self.min_face_size = min_face_size
        self.device = torch.device(pick_device(device))
        self._stages = [
            _load(net(pretrained=False), weights).to(self.device)
            for net, weights in ((PNet, "pnet.pt"), (RNet, "rnet.pt"), (ONet, "onet.pt"))
        ]

    def __call__(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the faces of one image.

        Parameters
        ----------
        image
            (height, width, 3) uint8 RGB.

        Returns
        -------
        boxes
            (N, 4) float64 ``xyxy`` px, most confident first; they may reach outside the image.
        scores
            (N,) float64 in [0, 1].
        """
        if min(image.shape[:2]) < max(self.min_face_size, _SMALLEST_INPUT):
            return np.zeros((0, 4)), np.zeros(0)
        try:
            found = self._detect(image)
        except (IndexError, RuntimeError):
            # facenet-pytorch drops candidates that lie wholly outside of the image without dropping their scores, and
            # fails. A border keeps every candidate inside; a second failure is a real one.
            border = max(image.shape[:2]) // 2
            padded = np.pad(image, ((border, border), (border, border), (0, 0)))
            found = self._detect(padded) - [border, border, border, border, 0]
        order = np.argsort(-found[:, 4], kind="stable")
        return found[order, :4], found[order, 4]

    @torch.inference_mode()
    def _detect(self, image: np.ndarray) -> np.ndarray:
        boxes, _ = detect_face(image, self.min_face_size, *self._stages, _THRESHOLDS, _PYRAMID_FACTOR, self.device)
        return np.asarray(boxes[0], dtype=np.float64).reshape(-1, 5)


def _load(net: torch.nn.Module, weights: str) -> torch.nn.Module:
    path = Path(facenet_pytorch.__file__).parent / "data" / weights
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return net.eval()
