"""The detector of faces that the configuration names."""

from __future__ import annotations

from anonbench.config.regions import FaceRegionConfig
from anonbench.detect.detector import Detector


def face_detector(config: FaceRegionConfig) -> Detector:
    """Load a detector; its packages are imported here, since torch, onnx and onnxruntime take time.

    Raises
    ------
    UserError
        If its weights cannot be had.
    """
    if config.detector == "centerface":
        from anonbench.detect.centerface import CenterFace as Chosen
    elif config.detector == "yunet":
        from anonbench.detect.yunet import YuNet as Chosen
    else:
        from anonbench.detect.mtcnn import Mtcnn as Chosen
    if config.threshold is None:
        return Chosen(config.min_face_size)
    return Chosen(config.min_face_size, config.threshold)
