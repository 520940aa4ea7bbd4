"""Perceptual features: the packaged ImageNet MobileNetV2, frozen."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v2

from anonbench.mm.weights import packaged_mobilenet_v2

# Last layers at strides 4, 8, 16 and 32, and their channels.
TAPS = {3: 24, 6: 32, 13: 96, 17: 320}


class MobileNetFeatures(nn.Module):
    """MobileNetV2 (Sandler et al., CVPR 2018) in evaluation mode, its weights fixed.

    Gradients flow through it to its input, never to its weights.
    """

    channels = tuple(TAPS.values())

    def __init__(self) -> None:
        super().__init__()
        network = mobilenet_v2()
        network.load_state_dict(packaged_mobilenet_v2())
        self.layers = network.features[: max(TAPS) + 1]
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> MobileNetFeatures:
        """Stays in evaluation mode: its statistics are part of the weights."""
        return super().train(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Images (B, 3, H, W) in -1..1 to four feature maps, strides 4, 8, 16 and 32."""
        x = ((images + 1) / 2 - self.mean) / self.std
        taps = []
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index in TAPS:
                taps.append(x)
        return taps
