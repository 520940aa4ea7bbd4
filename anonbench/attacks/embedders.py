"""Fixed descriptions that turn a picture of a person into numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np

from anonbench.attacks.batches import batches
from anonbench.attacks.people import GREY, Album
from anonbench.common.errors import UserError

Embedder = Callable[[Album], np.ndarray]
Name = Literal["imagenet", "pixels", "mobilefacenet", "faceres"]
# Cells (rows, columns) over which ImageNet features are averaged, so that they say what is where.
_GRID = {"face": (4, 4), "body": (8, 4)}
_TAPS = (1, 2)  # of strides 8 and 16
_BATCH = 64
_SMALLEST = 2  # px of the coarsest picture's shorter side
# Digits that are kept of what networks say.
_DIGITS = 4


def embedder(name: Name, device: str) -> Embedder:
    """The description of that name, of an album to (N, D) numbers.

    - ``imagenet``: the packaged MobileNetV2 (Sandler et al., CVPR 2018), learned from ImageNet, which knows nothing of
      identity; for every region, and without a download.
    - ``pixels``: the picture itself, at every scale from its own to 2 px; what a learned metric finds codes and faint
      remains in that networks overlook.
    - ``mobilefacenet``, ``faceres``: networks of faces (:mod:`anonbench.attacks.face_networks`), downloaded when they
      are first asked for.

    Raises
    ------
    UserError
        If its weights cannot be had; by the description itself, if it is of faces and the album of bodies.
    """
    if name == "imagenet":
        return _imagenet(device)
    return _pixels if name == "pixels" else _of_faces(name)


def _imagenet(device: str) -> Embedder:
    # Not above: the configuration is checked against this module before any job runs, and torch takes its time.
    import torch
    from torch.nn.functional import adaptive_avg_pool2d, normalize

    from anonbench.generators.features import mobilenet_features

    network = mobilenet_features().to(device)

    @torch.inference_mode()
    def embed(people: Album) -> np.ndarray:
        found = []
        for images, count in batches(people.images(), _BATCH):
            maps = network(torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1)
            pooled = [adaptive_avg_pool2d(maps[tap], _GRID[people.region]).flatten(1) for tap in _TAPS]
            found.append(torch.cat([normalize(part) for part in pooled], 1).cpu().numpy()[:count])
        return np.concatenate(found).round(_DIGITS)

    return embed


def _pixels(people: Album) -> np.ndarray:
    """The picture relative to its mean colour, at its size and at half of it, again and again; and the mean colour.

    All scales have the same weight, as their pixels are worth as many as they are the mean of.
    """
    rows = []
    for image in people.images().astype(np.float32):
        mean = image.mean((0, 1))
        scales = [image - mean]
        while min(scales[-1].shape[:2]) > _SMALLEST:
            height, width = scales[-1].shape[:2]
            # Twice the mean of four pixels: half of the sum.
            scales.append(2 * cv2.resize(scales[-1], (width // 2, height // 2), interpolation=cv2.INTER_AREA))
        rows.append(np.concatenate([mean - GREY, *(scale.ravel() for scale in scales)]))
    return np.stack(rows)


def _of_faces(name: Name) -> Embedder:
    from anonbench.attacks.face_networks import FaceRes, MobileFaceNet

    network = {"mobilefacenet": MobileFaceNet, "faceres": FaceRes}[name]()

    def embed(people: Album) -> np.ndarray:
        if people.region != "face":
            raise UserError(
                f"The embedder {name} describes faces, not a {people.region}.",
                "Choose imagenet or pixels, or attack faces only.",
            )
        return network(people).round(_DIGITS)

    return embed
