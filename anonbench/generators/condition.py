"""What a generator sees of a person: the known surroundings, what to fill, and a coarse outline and pose."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from anonbench.generators.ground import mirrored

# Planes of `Conditions.planes`: red, green, blue, fill, known, outline.
PLANES = 6
# Keypoints are drawn at a coarser grid: they say where limbs are, not how their pixels look.
HEAT_STRIDE = 4
# Standard deviation of a keypoint's peak, in px of the coarser grid.
PEAK = 1.0
# By how much an outline is blurred that is a box or drawn from keypoints, as a fraction of the person's longer side:
# the network then decides how far the person reaches.
GUESSED = 0.04


@dataclass(frozen=True)
class View:
    """One person at network resolution, as arrays.

    Parameters
    ----------
    image
        (H, W, 3) uint8 RGB. Only its pixels in ``known`` are ever used.
    fill
        (H, W) bool: the pixels to synthesize.
    known
        (H, W) bool: the pixels that may be seen; disjoint from ``fill``. What is neither is hidden, or outside
        of the image.
    outline
        (H, W) bool: the person's annotated outline before growing.
    keypoints
        (K, 3) px of x, y, visibility, or (0, 3).
    exact
        Whether the outline is an annotated mask. Another one is larger than the person and is blurred more.
    """

    image: np.ndarray
    fill: np.ndarray
    known: np.ndarray
    outline: np.ndarray
    keypoints: np.ndarray
    exact: bool


@dataclass(frozen=True)
class Conditions:
    """A batch of conditions.

    Parameters
    ----------
    planes
        (B, 6, H, W) float32: RGB in -1..1 and zero where not known, fill, known (0 or 1), coarse outline (0..1).
    heat
        (B, K, H/4, W/4) float32 in 0..1: one peak for each visible keypoint.
    ground
        (B, 3, H, W) float32 in -1..1: the known pixels, continued over the others. The network does not see it, but it
        shows wherever what the network makes is not opaque.
    """

    planes: Tensor
    heat: Tensor
    ground: Tensor

    @property
    def fill(self) -> Tensor:
        """(B, 1, H, W) of 0 and 1."""
        return self.planes[:, 3:4]

    @property
    def known(self) -> Tensor:
        """(B, 1, H, W) of 0 and 1."""
        return self.planes[:, 4:5]

    @property
    def outline(self) -> Tensor:
        """(B, 1, H, W) in 0..1."""
        return self.planes[:, 5:]

    @property
    def halvings(self) -> int:
        """How often the conditions were halved."""
        return (HEAT_STRIDE * self.heat.shape[2] // self.planes.shape[2]).bit_length() - 1

    def halved(self) -> Conditions:
        """The same at half the size; the heat-maps, which are coarser anyway, stay.

        A pixel is to be filled where any of its four is, and known where all are.
        """
        fill = F.max_pool2d(self.fill, 2)
        known = -F.max_pool2d(-self.known, 2)
        rgb, outline = F.avg_pool2d(self.planes[:, :3], 2) * known, F.avg_pool2d(self.outline, 2)
        return Conditions(torch.cat([rgb, fill, known, outline], 1), self.heat, F.avg_pool2d(self.ground, 2))

    def rolled(self, rows: int, cols: int) -> Conditions:
        """The same, moved by rows and columns of the planes and around the edges; the heat-maps move by whole cells."""
        stride = self.planes.shape[2] // self.heat.shape[2]
        cells = round(rows / stride), round(cols / stride)
        planes, ground = (torch.roll(x, (rows, cols), (2, 3)) for x in (self.planes, self.ground))
        return Conditions(planes, torch.roll(self.heat, cells, (2, 3)), ground)

    def to(self, device: torch.device | str) -> Conditions:
        """The same on another device."""
        return Conditions(self.planes.to(device), self.heat.to(device), self.ground.to(device))

    def __getitem__(self, index: slice | Tensor) -> Conditions:
        return Conditions(self.planes[index], self.heat[index], self.ground[index])

    def composite(self, made: Tensor) -> Tensor:
        """(B, 3, H, W): the known pixels, and where to fill what a network ``made`` before the ground; zero elsewhere.

        ``made`` is (B, 4, H, W): colours in -1..1, and opacity in 0..1.
        """
        person, opacity = made.split((3, 1), 1)
        return self.planes[:, :3] + (opacity * person + (1 - opacity) * self.ground) * self.fill


def conditions(views: list[View], coarseness: np.ndarray, rngs: list[np.random.Generator]) -> Conditions:
    """The conditions of a batch of views.

    Parameters
    ----------
    views
        At one resolution, with one number of keypoints.
    coarseness
        (B,) how vague outline and pose are, as a fraction of the person's longer side: the outline is blurred by it,
        and each keypoint is moved by Gaussian noise of it.
    rngs
        One for each view; moves its keypoints.
    """
    planes, heat, ground = [], [], []
    for view, vague, rng in zip(views, coarseness, rngs, strict=True):
        known = view.known & ~view.fill
        rgb = (view.image.astype(np.float32) / 127.5 - 1) * known[..., None]
        side = _side(view.outline)
        outline, blur = view.outline.astype(np.float32), side * (vague if view.exact else math.hypot(vague, GUESSED))
        if blur >= 0.3:
            outline = cv2.GaussianBlur(outline, (0, 0), blur, borderType=cv2.BORDER_CONSTANT)
        maps = np.stack([view.fill, known, outline]).astype(np.float32)
        planes.append(np.concatenate([rgb.transpose(2, 0, 1), maps]))
        heat.append(_peaks(view.keypoints, view.fill.shape, vague * side, rng))
        ground.append(mirrored(rgb, known).transpose(2, 0, 1))
    return Conditions(*(torch.from_numpy(np.stack(arrays)) for arrays in (planes, heat, ground)))


def _side(mask: np.ndarray) -> float:
    _, _, width, height = cv2.boundingRect(mask.view(np.uint8))
    return float(max(width, height))


def _peaks(keypoints: np.ndarray, shape: tuple[int, int], spread: float, rng: np.random.Generator) -> np.ndarray:
    """(K, H/4, W/4) float32 Gaussian peaks, all zero for a keypoint that is not annotated."""
    rows, cols = shape[0] // HEAT_STRIDE, shape[1] // HEAT_STRIDE
    moved = keypoints[:, :2] + rng.normal(size=(len(keypoints), 2)) * spread
    x, y = moved[:, :1] / HEAT_STRIDE - 0.5, moved[:, 1:] / HEAT_STRIDE - 0.5
    wide = 2 * PEAK**2
    across = np.exp(-((np.arange(cols)[None] - x) ** 2) / wide)
    down = np.exp(-((np.arange(rows)[None] - y) ** 2) / wide)
    seen = (keypoints[:, 2] > 0)[:, None, None]
    return (down[:, :, None] * across[:, None, :] * seen).astype(np.float32)
