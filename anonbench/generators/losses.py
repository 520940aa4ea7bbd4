"""What every kind of generator may minimize."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def inside(values: Tensor, fill: Tensor) -> Tensor:
    """The mean of a map (B, C, h, w) over the places where something is synthesized, each sample counting alike.

    ``fill`` (B, 1, H, W) is averaged over each place; a sample without any such place counts zero.
    """
    return each_inside(values, F.adaptive_avg_pool2d(fill, values.shape[2:])).mean()


def each_inside(values: Tensor, weight: Tensor) -> Tensor:
    """(B,) weighted means of (B, C, h, w) values, the weights being (B, 1, h, w); zero where there is no weight."""
    return (values * weight).sum((1, 2, 3)) / (weight.sum((1, 2, 3)) * values.shape[1] + 1e-6)


def perceptual_distance(real: list[Tensor], fake: list[Tensor], fill: Tensor) -> Tensor:
    """The distance of channel-normalized features (Zhang et al., CVPR 2018, equation 1, without learned weights)."""
    return sum(
        inside((F.normalize(r, dim=1) - F.normalize(f, dim=1)) ** 2 * r.shape[1], fill)
        for r, f in zip(real, fake, strict=True)
    )
