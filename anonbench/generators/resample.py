"""Maps at other sizes, with gradients that are the same at every run on every device."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor


def resized(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Maps (B, C, h, w) at another size, whose ratio is whole: averaged where it is smaller, else interpolated."""
    if size[0] < maps.shape[2]:
        return F.avg_pool2d(maps, (maps.shape[2] // size[0], maps.shape[3] // size[1]))
    return enlarged(maps, size)


def enlarged(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Maps (B, C, h, w) interpolated bilinearly to a larger size, the corners' pixels not being aligned.

    CUDA's own gradient of it adds in any order; its deterministic one sorts first, and takes many times as long as the
    products of matrices that serve there instead.
    """
    if maps.device.type == "cpu":
        return F.interpolate(maps, size=tuple(size), mode="bilinear", align_corners=False)
    down, across = (interpolation(*ends, maps.device) for ends in zip(maps.shape[2:], size, strict=True))
    return down.to(maps.dtype) @ maps @ across.to(maps.dtype).T


@lru_cache(64)
def interpolation(inputs: int, outputs: int, device: torch.device) -> Tensor:
    """(outputs, inputs) float32: how much of each input every output has."""
    with torch.inference_mode(False), torch.no_grad():
        each = torch.eye(inputs)[None]
        return F.interpolate(each, size=outputs, mode="linear", align_corners=False)[0].T.contiguous().to(device)
