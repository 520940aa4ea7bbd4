"""Greedy non-maximum suppression of many groups of boxes at once on a CUDA device, without waiting for its result."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor


def suppressed(boxes: Tensor, usable: Tensor, starts: list[int], threshold: float) -> Tensor:
    """Whether each box is kept (B, N), greedily by its place in its group.

    Parameters
    ----------
    boxes
        (B, N, 4) float32 xyxy px. In every group the best come first.
    usable
        (B, N) whether a box may be kept at all; one that may not suppresses none.
    starts
        Where the groups of each image begin among the N boxes, from 0, and N itself.
    threshold
        A box that overlaps a kept one by a larger IoU is suppressed.
    """
    if boxes.is_cuda:
        return _on_device(boxes.contiguous(), usable, starts, threshold)
    kept = torch.zeros_like(usable)
    for image in range(len(boxes)):
        for first, end in zip(starts, starts[1:], strict=False):
            index = usable[image, first:end].nonzero()[:, 0] + first
            order = torch.arange(len(index), 0, -1, dtype=torch.float32)
            kept[image, index[torch.ops.torchvision.nms(boxes[image, index], order, threshold)]] = True
    return kept


def _on_device(boxes: Tensor, usable: Tensor, starts: list[int], threshold: float) -> Tensor:
    import triton

    kept = torch.zeros_like(usable, dtype=torch.int8)
    longest = max(end - first for first, end in zip(starts, starts[1:], strict=False))
    block = max(128, triton.next_power_of_2(longest))
    where = _starts(tuple(starts), boxes.device)
    grid = (len(boxes), len(starts) - 1)
    _kernel()[grid](boxes, usable.to(torch.int8), kept, where, boxes.shape[1], threshold, BLOCK=block, num_warps=8)
    return kept.bool()


@cache
def _starts(starts: tuple[int, ...], device: torch.device) -> Tensor:
    return torch.tensor(starts, device=device, dtype=torch.int32)


@cache
def _kernel() -> Any:
    from anonbench.models.openmmlab.suppress_kernel import scan

    return scan
