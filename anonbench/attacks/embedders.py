"""Fixed networks that turn a picture of a person into numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from torch.nn.functional import adaptive_avg_pool2d, normalize

from anonbench.attacks.people import Album
from anonbench.generators.features import mobilenet_features

Embedder = Callable[[Album], np.ndarray]
Name = Literal["imagenet"]
# Cells (rows, columns) over which ImageNet features are averaged, so that they say what is where.
_GRID = {"face": (4, 4), "body": (8, 4)}
_TAPS = (1, 2)  # of strides 8 and 16
_BATCH = 64
# Digits that are kept. The last bits depend on the size of the batch, by which those of one batch would be linked.
_DIGITS = 4


def embedder(name: Name, device: str) -> Embedder:
    """The network of that name."""
    return {"imagenet": _imagenet}[name](device)


def _imagenet(device: str) -> Embedder:
    """The packaged MobileNetV2 (Sandler et al., CVPR 2018), learned from ImageNet, which knows nothing of identity."""
    network = mobilenet_features().to(device)

    @torch.inference_mode()
    def embed(people: Album) -> np.ndarray:
        images, found = people.images(), []
        for start in range(0, len(images), _BATCH):
            some = images[start : start + _BATCH]
            padded = np.concatenate([some, np.zeros((_BATCH - len(some), *some.shape[1:]), np.uint8)])
            maps = network(torch.from_numpy(padded).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1)
            pooled = [adaptive_avg_pool2d(maps[tap], _GRID[people.region]).flatten(1) for tap in _TAPS]
            found.append(torch.cat([normalize(part) for part in pooled], 1).cpu().numpy()[: len(some)])
        return np.concatenate(found).round(_DIGITS)

    return embed
