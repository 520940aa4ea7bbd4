"""Where the cells of a code's grid lie on people."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from anonbench.generators.resample import resized
from anonbench.regions.landmarks import upright

# The grid is laid out on at least this many rows of pixels, and less than twice as many.
FINEST = 64
# Bones that have to be known; with fewer, the outline says where on the person a pixel is.
POSED = 4
# A joint's peak has 2 pi in all; one that shows less than this of it is not in the window.
PEAK_SHOWN = 0.5
# How thick limbs are to either side of their bones, as a fraction of the window's height.
THICKNESS = 0.03
# A cell without pixels takes its row's mean, and a row without any the person's: how much of either every cell has.
SHARED = 1e-3
# A face's frame, a square that ends with the chin: how far apart the pupils are in it, and how far down.
EYES_APART, EYES_DOWN = 0.32, 0.4
# The ellipse within which a code says how a face looks, in halves of the frame's sides, and how softly it ends.
HALF_WIDTH, HALF_HEIGHT, SOFT = 0.5, 0.55, 0.3


class Places:
    """Where the cells of a grid lie on people, each pixel belonging to the up to four nearest cells.

    Parameters
    ----------
    person
        (B, h, w) in 0..1: how much a pixel counts for the colours of its cells.
    down, across
        (B, h, w): where each pixel is in the grid, in 0..1. What is beyond belongs to the last cells.
    grid
        Its rows and columns.
    reach
        (B, h, w) in 0..1: how much of its cells a pixel gets; all unless given.
    """

    def __init__(
        self, person: Tensor, down: Tensor, across: Tensor, grid: tuple[int, int], reach: Tensor | None = None
    ) -> None:
        shares = _hats(down, grid[0])[..., None] * _hats(across, grid[1])[..., None, :]
        if reach is not None:
            shares = shares * reach[..., None, None]
        self.person = person[:, None]
        self.grid, self.shares = grid, shares.flatten(3).flatten(1, 2)  # (B, h w, cells)

    def __getitem__(self, index: slice) -> Places:
        """The same of some people."""
        some = copy.copy(self)
        some.person, some.shares = self.person[index], self.shares[index]
        return some

    def laid(self, code: Tensor) -> Tensor:
        """Codes (B, C, rows, columns) over the window, (B, C, h, w)."""
        return (code.flatten(2) @ self.shares.mT).unflatten(2, self.person.shape[2:])

    def pooled(self, images: Tensor) -> Tensor:
        """The means of images (B, C, H, W) of any size over each cell's part of the person: (B, C, rows, columns)."""
        size, here = self.person.shape[2:], images.shape[2:]
        weights = self.shares.mT * self.person.flatten(2)  # (B, cells, h w)
        if here[0] < size[0]:  # a coarse pixel counts for a cell as far as the cell lies beneath it
            weights = F.adaptive_avg_pool2d(weights.unflatten(2, size), here).flatten(2)
        else:
            images = resized(images, size)
        sums = torch.cat([images.flatten(2) @ weights.mT, weights.sum(2)[:, None]], 1).unflatten(2, self.grid)
        sums = sums + SHARED * sums.sum(3, True) + SHARED**2 * sums.sum((2, 3), True)
        return sums[:, :-1] / (sums[:, -1:] + 1e-9)


def on_bodies(
    outline: Tensor,
    fill: Tensor,
    grid: tuple[int, int],
    heat: Tensor | None = None,
    bones: Tensor | None = None,
    standing: Tensor | None = None,
) -> Places:
    """A grid over each person, along the limbs where joints are known, else from edge to edge of the outline.

    One person's grid has to fit another person. Where joints are known, each pixel has the place that it would have
    on a standing person: a mean of those of the nearest points of all bones, weighted by the inverse fourth power of
    the distance (Shepard, "A two-dimensional interpolation function for irregularly-spaced data", 1968). So an arm
    keeps its sleeve wherever it points; and what is near the bones counts most, since an outline that was drawn around
    the joints is wider than the person. Elsewhere rows are spread evenly from the outline's top to its bottom, columns
    from its left to its right edge at each height.

    Parameters
    ----------
    outline
        (B, 1, H, W) in 0..1, the person being where it is more than a half.
    fill
        (B, 1, H, W) of 0 and 1, which serves where there is no outline.
    grid
        Its rows and columns.
    heat
        (B, K, h, w) a peak for each known joint, as in :class:`anonbench.generators.condition.Conditions`.
    bones, standing
        (M, 2) joints that are joined, and (M, 2, 2) where each end is on a standing person, down and across in 0..1
        (:func:`anonbench.regions.anatomy.standing_bones`).
    """
    person, y, x = _people(outline, fill)
    top, bottom = _ends(person.any(2), y)
    left, right = _edges(person, x, len(y) // (2 * grid[0]))
    across = (x - left[..., None] + 0.5) / (right - left + 1)[..., None]
    down = ((y - top + 0.5) / (bottom - top + 1))[..., None].expand_as(across)
    counted = person.to(outline.dtype)
    if bones is not None and len(bones):
        posed, near, (along, beside) = _along_bones(heat, bones, standing, y, x)
        down, across = torch.where(posed, along, down), torch.where(posed, beside, across)
        counted = counted * torch.where(posed, near, 1)
    return Places(counted, down, across, grid)


def on_faces(outline: Tensor, fill: Tensor, grid: tuple[int, int], heat: Tensor, aligned: Tensor) -> Places:
    """A grid over each face, turned and scaled as its landmarks are, and ending with the face.

    With fewer than two landmarks, the outline's bounding box is the frame.

    Parameters
    ----------
    outline, fill
        As of :func:`on_bodies`.
    grid
        Its rows and columns.
    heat
        (B, K, h, w) a peak for each known landmark.
    aligned
        (K, 2) where each landmark is in the frame, down and across in 0..1.
    """
    person, y, x = _people(outline, fill)
    points, seen = _joints(heat, y, x)
    turn, origin, middle = _similarity(points, seen.to(points.dtype)[..., None], aligned)
    (top, bottom), (left, right) = _ends(person.any(2), y), _ends(person.any(1), x)
    box = torch.cat([bottom - top, right - left], 1).amax(1) + 1, torch.cat([top + bottom, left + right], 1) / 2
    placed = turn.abs() > 1  # px of the frame; with one landmark it has none
    turn = torch.where(placed, turn, torch.complex(box[0], torch.zeros_like(box[0])))
    origin, middle = (torch.where(placed[:, None], a, b) for a, b in ((origin, box[1]), (middle, 0.5)))
    rows, columns = torch.broadcast_tensors(y[:, None] - origin[:, :1, None], x - origin[:, 1:, None])
    frame = torch.complex(columns, rows) / turn[:, None, None]
    down, across = frame.imag + middle[:, :1, None], frame.real + middle[:, 1:, None]
    radius = torch.hypot((across - 0.5) / HALF_WIDTH, (down - 0.5) / HALF_HEIGHT)
    return Places(person.to(outline.dtype), down, across, grid, ((1 - radius) / SOFT).clamp(0, 1))


def _similarity(points: Tensor, known: Tensor, aligned: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What brings ``aligned`` (K, 2) to the ``known`` (B, K, 1) of the points (B, K, 2) with the least squared error.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991, without
    reflection: a complex number (B,) that turns and scales, around the middles (B, 2) of the points and of ``aligned``.
    """
    total = known.sum(1).clamp(min=1)
    origin, middle = (points * known).sum(1) / total, (aligned * known).sum(1) / total
    apart = ((part - mean[:, None]) * known for part, mean in ((points, origin), (aligned, middle)))
    here, there = (torch.complex(part[..., 1], part[..., 0]) for part in apart)
    return (there.conj() * here).sum(1) / (there.abs() ** 2).sum(1).clamp(min=1e-6), origin, middle


def aligned(names: Sequence[str]) -> Tensor:
    """(K, 2) where landmarks of these names are in a face's frame, down and across in 0..1."""
    places = np.array(upright(names)).reshape(-1, 2) * EYES_APART + (0.5, EYES_DOWN)
    return torch.from_numpy(places).float().flip(1)


def _people(outline: Tensor, fill: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(B, h, w) which pixels are of the person, on at least FINEST rows, and the rows' and columns' numbers."""
    stride = 2 ** max(0, (outline.shape[2] // FINEST).bit_length() - 1)
    person, fallback = (F.avg_pool2d(x, stride)[:, 0] > 0.5 for x in (outline, fill))
    person = torch.where(person.flatten(1).any(1)[:, None, None], person, fallback)
    return person, *(torch.arange(n, device=outline.device, dtype=outline.dtype) for n in person.shape[1:])


def _ends(found: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """(..., 1) first and last of n places where (..., n) is true; all of them where nothing is."""
    none = ~found.any(-1, keepdim=True)
    first = torch.where(found, places, torch.inf).amin(-1, keepdim=True)
    last = torch.where(found, places, -torch.inf).amax(-1, keepdim=True)
    return torch.where(none, places[0], first), torch.where(none, places[-1], last)


def _edges(person: Tensor, x: Tensor, reach: int) -> tuple[Tensor, Tensor]:
    """(B, h) left and right edge of a person (B, h, w) at each height and ``reach`` px around it."""
    left = torch.where(person, x, torch.inf).amin(2)
    right = torch.where(person, x, -torch.inf).amax(2)
    left, right = (sign * F.max_pool1d(sign * edge, 2 * reach + 1, 1, reach) for sign, edge in ((-1, left), (1, right)))
    start, end = _ends(person.any(1), x)
    empty = left > right
    return torch.where(empty, start, left), torch.where(empty, end, right)


def _along_bones(heat: Tensor, bones: Tensor, standing: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of pixels at ``y`` (h,) and ``x`` (w,), by the bones whose ends are known.

    Whether there are enough, (B, 1, 1); how near they are, (B, h, w) in 0..1; and how far down and across a standing
    person the pixels are, (2, B, h, w).
    """
    joints, seen = _joints(heat, y, x)
    ends = joints[:, bones]  # (B, M, 2, 2) px of y, x
    known = seen[:, bones].all(2)
    start, bone = ends[:, :, 0], ends[:, :, 1] - ends[:, :, 0]
    offset = [pixels - start[..., i, None, None] for i, pixels in enumerate((y[:, None], x))]
    bone = [bone[..., i, None, None] for i in range(2)]
    share = ((offset[0] * bone[0] + offset[1] * bone[1]) / (bone[0] ** 2 + bone[1] ** 2 + 1e-6)).clamp(0, 1)
    squared = sum((o - share * b) ** 2 for o, b in zip(offset, bone, strict=True)) / (THICKNESS * len(y)) ** 2
    weights = known[..., None, None] / (squared + 1) ** 2  # (B, M, h, w)
    along = torch.einsum("bmhw,mc->cbhw", weights, standing[:, 0])
    along = along + torch.einsum("bmhw,mc->cbhw", weights * share, standing[:, 1] - standing[:, 0])
    return (known.sum(1) >= POSED)[:, None, None], weights.amax(1), along / weights.sum(1).clamp(min=1e-12)


def _joints(heat: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """(B, K, 2) where peaks are, in px of pixels at ``y`` (h,) and ``x`` (w,); and (B, K) whether they are shown."""
    mass = heat.sum((2, 3))
    joints = []
    for pixels, lines in ((y, heat.sum(3)), (x, heat.sum(2))):
        cells = (torch.arange(lines.shape[2], device=heat.device, dtype=heat.dtype) + 0.5) * (
            len(pixels) / lines.shape[2]
        )
        joints.append((lines * cells).sum(2) / mass.clamp(min=PEAK_SHOWN) - 0.5)
    return torch.stack(joints, -1), mass > PEAK_SHOWN


def _hats(position: Tensor, count: int) -> Tensor:
    """(..., count) shares of each cell in positions in 0..1, which add up to 1; what is beyond is the last cell's."""
    place = (position * count - 0.5).clamp(0, count - 1)
    return (1 - (place[..., None] - torch.arange(count, device=place.device)).abs()).clamp(min=0)
