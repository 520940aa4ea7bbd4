"""Batches as a few tensors, packed in the data loader's processes: a copy for each sample would keep a device waiting.

A batch that is ready is a dict of tensors and plain numbers, which a data loader can pin.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.registry import FUNCTIONS
from torch import Tensor


@FUNCTIONS.register_module()
def pack_poses(samples: list[dict[str, Any]]) -> dict[str, Tensor]:
    """People as MMPose's ``PackPoseInputs`` leaves them.

    Returns
    -------
    dict
        ``inputs`` (B, 3, H, W) uint8, ``heatmaps`` (B, K, h, w) float32 and ``weights`` (B, K) float32.
    """
    found = [sample["data_samples"] for sample in samples]
    return {
        "inputs": torch.stack([sample["inputs"] for sample in samples]),
        "heatmaps": torch.stack([sample.gt_fields.heatmaps for sample in found]),
        "weights": torch.cat([sample.gt_instance_labels.keypoint_weights for sample in found]),
    }


@FUNCTIONS.register_module()
def pack_instances(samples: list[dict[str, Any]], divisor: int) -> dict[str, Any]:
    """Images and instances as MMDetection's ``PackDetInputs`` leaves them.

    Parameters
    ----------
    samples
        Of B images, with N objects and M ignored regions in all.
    divisor
        The batch's height and width are multiples of it, at least of 8.

    Returns
    -------
    dict
        ``inputs`` (B, 3, H, W) uint8, zero right of and below each image; ``sizes`` (B, 2), each image's own height
        and width in px; ``boxes`` (N, 4) and ``ignored`` (M, 4) float32 xyxy px; ``labels`` (N,) int64; ``objects``
        and ``regions``, how many of them each image has, and ``first`` (B,), where its objects begin; ``masks``
        (N, H, W / 8) uint8, eight pixels of a row in a byte, the leftmost in the highest bit.
    """
    images, found = [s["inputs"] for s in samples], [s["data_samples"] for s in samples]
    height, width = (-(-max(i.shape[d] for i in images) // divisor) * divisor for d in (1, 2))
    people, ignored = [f.gt_instances for f in found], [f.ignored_instances for f in found]
    return {
        "inputs": torch.stack([F.pad(i, (0, width - i.shape[2], 0, height - i.shape[1])) for i in images]),
        "sizes": torch.tensor([tuple(i.shape[1:]) for i in images]),
        "boxes": torch.cat([p.bboxes.tensor for p in people]),
        "labels": torch.cat([p.labels for p in people]),
        "ignored": torch.cat([i.bboxes.tensor for i in ignored]),
        "first": torch.tensor([0, *accumulate(map(len, people))][:-1]),
        "objects": [len(p) for p in people],
        "regions": [len(i) for i in ignored],
        "masks": torch.from_numpy(np.concatenate([_packed(p.masks.masks, height, width) for p in people])),
    }


def _packed(masks: np.ndarray, height: int, width: int) -> np.ndarray:
    bits = np.packbits(masks, axis=2)
    return np.pad(bits, ((0, 0), (0, height - bits.shape[1]), (0, width // 8 - bits.shape[2])))


def unpacked(masks: Tensor) -> Tensor:
    """Masks (N, H, W / 8) as :func:`pack_instances` packs them, to (N, H, W) uint8 of 0 and 1."""
    shifts = torch.arange(7, -1, -1, device=masks.device, dtype=torch.uint8)
    return (masks[..., None] >> shifts & 1).flatten(2)


def normalized(inputs: Tensor, preprocessor: torch.nn.Module) -> Tensor:
    """Images (B, 3, H, W) uint8 BGR to float32 RGB by the mean and deviation of an MM data preprocessor."""
    return (inputs.flip(1).float() - preprocessor.mean) / preprocessor.std
