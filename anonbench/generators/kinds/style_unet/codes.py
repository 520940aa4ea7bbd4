"""The latent codes of the style generator: how real people look, and people who do not exist in between.

A code is a grid laid over the person, along the limbs where joints are known, else from edge to edge of the outline.
Each of its cells holds a palette, its mean colour, and an appearance, ``APPEARANCE`` numbers that are learned. A
generator that gets colours need not find out what a code's numbers are for, and does not make everybody gray; and
one that knows where on the person a detail is need not give everybody the same detail in the same place.
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor

from anonbench.generators.kinds.style_unet.hyperparameters import CodeMixing
from anonbench.generators.resample import resized

# Rows and columns of the grid. A person's own picture of that few pixels shows neither face nor print.
GRIDS = {"body": (16, 6), "face": (6, 4)}
PALETTE, APPEARANCE = 3, 4
CODE = PALETTE + APPEARANCE
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


class Places:
    """Where the cells of a grid lie on people, each pixel belonging to the up to four nearest cells.

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

    def __init__(
        self,
        outline: Tensor,
        fill: Tensor,
        grid: tuple[int, int],
        heat: Tensor | None = None,
        bones: Tensor | None = None,
        standing: Tensor | None = None,
    ) -> None:
        stride = 2 ** max(0, (outline.shape[2] // FINEST).bit_length() - 1)
        person, fallback = (F.avg_pool2d(x, stride)[:, 0] > 0.5 for x in (outline, fill))
        person = torch.where(person.flatten(1).any(1)[:, None, None], person, fallback)
        height, width = person.shape[1:]
        y, x = (torch.arange(n, device=outline.device, dtype=outline.dtype) for n in (height, width))
        top, bottom = _ends(person.any(2), y)
        left, right = _edges(person, x, height // (2 * grid[0]))
        across = (x - left[..., None] + 0.5) / (right - left + 1)[..., None]
        down = ((y - top + 0.5) / (bottom - top + 1))[..., None].expand_as(across)
        self.person = person[:, None].to(outline.dtype)
        if bones is not None and len(bones):
            posed, near, (along, beside) = _along_bones(heat, bones, standing, y, x)
            down, across = torch.where(posed, along, down), torch.where(posed, beside, across)
            self.person = self.person * torch.where(posed, near, 1)[:, None]
        shares = _hats(down, grid[0])[..., None] * _hats(across, grid[1])[..., None, :]
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
    mass = heat.sum((2, 3))
    joints = []
    for pixels, lines in ((y, heat.sum(3)), (x, heat.sum(2))):
        cells = (torch.arange(lines.shape[2], device=heat.device, dtype=heat.dtype) + 0.5) * (
            len(pixels) / lines.shape[2]
        )
        joints.append((lines * cells).sum(2) / mass.clamp(min=PEAK_SHOWN) - 0.5)
    ends = torch.stack(joints, -1)[:, bones]  # (B, M, 2, 2) px of y, x
    known = (mass > PEAK_SHOWN)[:, bones].all(2)
    start, bone = ends[:, :, 0], ends[:, :, 1] - ends[:, :, 0]
    offset = [pixels - start[..., i, None, None] for i, pixels in enumerate((y[:, None], x))]
    bone = [bone[..., i, None, None] for i in range(2)]
    share = ((offset[0] * bone[0] + offset[1] * bone[1]) / (bone[0] ** 2 + bone[1] ** 2 + 1e-6)).clamp(0, 1)
    squared = sum((o - share * b) ** 2 for o, b in zip(offset, bone, strict=True)) / (THICKNESS * len(y)) ** 2
    weights = known[..., None, None] / (squared + 1) ** 2  # (B, M, h, w)
    along = torch.einsum("bmhw,mc->cbhw", weights, standing[:, 0])
    along = along + torch.einsum("bmhw,mc->cbhw", weights * share, standing[:, 1] - standing[:, 0])
    return (known.sum(1) >= POSED)[:, None, None], weights.amax(1), along / weights.sum(1).clamp(min=1e-12)


def _hats(position: Tensor, count: int) -> Tensor:
    """(..., count) shares of each cell in positions in 0..1, which add up to 1; what is beyond is the last cell's."""
    place = (position * count - 0.5).clamp(0, count - 1)
    return (1 - (place[..., None] - torch.arange(count, device=place.device)).abs()).clamp(min=0)


def mixed(known: Tensor, count: int, random: torch.Generator, mixing: CodeMixing) -> Tensor:
    """(count, CODE, rows, columns) codes of people who do not exist, on the CPU.

    Each has the head of one person, the upper half of a second and the lower half of a third, tinted and jittered, so
    that nobody's code comes back. Drawing from what real people look like needs no assumption of how their codes are
    distributed.

    Parameters
    ----------
    known
        (N, CODE, rows, columns) codes of real people.
    random
        On the CPU, so that all devices draw the same.
    mixing
        Where the parts meet and by how much they are changed.
    """
    known = known.detach().cpu()
    sources = known[torch.randint(len(known), (3, count), generator=random)]
    rows = known.shape[2]
    neck, waist = (a + (b - a) * torch.rand(count, 1, generator=random) for a, b in (mixing.neck, mixing.waist))
    height = (torch.arange(rows) + 0.5) / rows
    part = (height > neck).long() + (height > waist)
    spread = mixing.jitter * known.std(0, correction=0)
    spread[:PALETTE] = mixing.tint
    noise = torch.randn(3, count, PALETTE, 1, 1, generator=random).expand(-1, -1, -1, *known.shape[2:])
    noise = torch.cat([noise, torch.randn(3, count, APPEARANCE, *known.shape[2:], generator=random)], 2)
    candidates = sources + spread * noise
    return candidates.gather(0, part[None, :, None, :, None].expand(1, *candidates.shape[1:]))[0]
