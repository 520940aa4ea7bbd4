"""Features of frozen ImageNet networks: the packaged MobileNetV2, and VGG-16 where its weights are at hand."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models import mobilenet_v2, vgg16

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file
from anonbench.common.packaged_weights import packaged_mobilenet_v2

# Layers whose output is taken, and their channels: MobileNetV2's last ones at strides 4, 8, 16 and 32; VGG's before
# the first four poolings, strides 1, 2, 4 and 8 (Johnson et al., ECCV 2016).
MOBILENET = {3: 24, 6: 32, 13: 96, 17: 320}
VGG = {3: 64, 8: 128, 15: 256, 22: 512}


class Features(nn.Module):
    """A network in evaluation mode, its weights fixed; gradients flow through it to its input only.

    Parameters
    ----------
    layers
        In order.
    taps
        Index of each layer whose output is taken, and its channels.
    """

    def __init__(self, layers: nn.Sequential, taps: dict[int, int]) -> None:
        super().__init__()
        self.channels, self.taps = tuple(taps.values()), tuple(taps)
        self.layers = fold_norms(layers[: max(taps) + 1].eval())
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> Features:
        """Stays in evaluation mode: its statistics are part of the weights."""
        return super().train(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Images (B, 3, H, W) in -1..1 to one feature map for each tap."""
        x = ((images + 1) / 2 - self.mean) / self.std
        taps = []
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index in self.taps:
                taps.append(x)
        return taps


def fold_norms(layers: nn.Module) -> nn.Module:
    """The same function with every batch normalization folded into the convolution before it: a tenth of a step's time.

    Parameters
    ----------
    layers
        In evaluation mode; its sequences are changed in place.
    """
    for module in list(layers.modules()):
        if isinstance(module, nn.Sequential):
            for i in range(len(module) - 1):
                if isinstance(module[i], nn.Conv2d) and isinstance(module[i + 1], nn.BatchNorm2d):
                    module[i], module[i + 1] = fuse_conv_bn_eval(module[i], module[i + 1]), nn.Identity()
    return layers


def mobilenet_features() -> Features:
    """The packaged MobileNetV2 (Sandler et al., CVPR 2018).

    Raises
    ------
    UserError
        If the package is not installed.
    """
    network = mobilenet_v2()
    network.load_state_dict(packaged_mobilenet_v2())
    return Features(network.features, MOBILENET)


def vgg_features(path: Path, sha256: str) -> Features:
    """VGG-16 (Simonyan & Zisserman, ICLR 2015) from torchvision's own weight file.

    Raises
    ------
    UserError
        If the file is missing, has another hash, or is not torchvision's VGG-16.
    """
    network = vgg16()
    weights = configured_weights(path, sha256, "VGG-16")
    try:
        found = {name: value for name, value in weights.items() if name.startswith("features.")}
        network.features.load_state_dict({name.removeprefix("features."): value for name, value in found.items()})
    except (RuntimeError, AttributeError):
        raise UserError(f"{path} does not hold torchvision's VGG-16.", "Name torchvision's weight file.") from None
    return Features(network.features, VGG)


def configured_weights(path: Path, sha256: str, what: str) -> Any:
    """The content of a weight file that the configuration names; nothing but tensors is unpickled.

    Raises
    ------
    UserError
        If the file is missing, has another hash, or cannot be read as weights.
    """
    if not path.is_file():
        raise UserError(f"The {what} weights {path} do not exist.", "Correct the path, or leave the key out.")
    if sha256_file(path) != sha256:
        raise UserError(f"{path} does not have the configured SHA-256.", "Fetch it again, or correct the hash.")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError):
        raise UserError(f"{path} does not hold {what} weights.", f"Name a file of {what} weights.") from None
