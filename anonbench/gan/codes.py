"""The latent codes of the style generator: how real people look, and people who do not exist in between.

A code is a palette, the mean colours of ``ROWS`` rows of the window within the person, and an appearance of ``STRIPS``
coarser rows, ``APPEARANCE`` numbers each, which are learned. A generator that is told colours need not find out what a
code's numbers are for, and does not make everybody gray.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROWS = 16
STRIPS, APPEARANCE = 8, 16
PALETTE = 3 * ROWS
LATENT = PALETTE + STRIPS * APPEARANCE
# Where a new person's upper and lower halves may meet, as a fraction of the window's height.
WAIST = 0.3, 0.9
# By how much the colours of each half are changed, of -1..1, and its appearance, of what people differ by.
TINT, JITTER = 0.05, 0.2


def palettes(images: Tensor, fill: Tensor) -> Tensor:
    """(B, PALETTE) mean colours of rows of images (B, 3, H, W) where ``fill`` (B, 1, H, W) is 1.

    A row without any such pixel takes the nearest other row's.
    """
    weight = F.adaptive_avg_pool2d(fill, (ROWS, 1))
    rows = F.adaptive_avg_pool2d(images * fill, (ROWS, 1)) / (weight + 1e-6)
    places = torch.arange(ROWS, device=images.device)
    far = (places[:, None] - places).abs() + ROWS * (weight.flatten(1) < 1e-4)[:, None]
    nearest = far.argmin(2)[:, None].expand(-1, 3, -1)
    return rows[..., 0].gather(2, nearest).flatten(1)


def mixed(known: Tensor, count: int, random: torch.Generator) -> Tensor:
    """(count, LATENT) codes of people who do not exist, on the CPU.

    Each is one person above a random height and another one below it, tinted and jittered, so that nobody's code comes
    back. Drawing from what real people look like needs no assumption of how their codes are distributed.

    Parameters
    ----------
    known
        (N, LATENT) codes of real people.
    random
        On the CPU, so that all devices draw the same.
    """
    colours, looks = known.detach().cpu().split((PALETTE, LATENT - PALETTE), 1)
    colours, looks = colours.view(-1, 3, ROWS), looks.view(-1, APPEARANCE, STRIPS)
    upper, lower = torch.randint(len(known), (2, count), generator=random)
    waist = WAIST[0] + (WAIST[1] - WAIST[0]) * torch.rand(count, generator=random)
    above = _above(waist, ROWS)
    palette = torch.where(above, colours[upper], colours[lower])
    for half in (above, ~above):
        palette = palette + TINT * torch.randn(count, 3, 1, generator=random) * half
    look = torch.where(_above(waist, STRIPS), looks[upper], looks[lower])
    look = look + JITTER * looks.std(0) * torch.randn(look.shape, generator=random)
    return torch.cat([palette.flatten(1), look.flatten(1)], 1)


def _above(height: Tensor, count: int) -> Tensor:
    """(B, 1, count) which of so many rows lie above a fraction (B,) of the height."""
    return (torch.arange(count) < (height * count).round()[:, None])[:, None]


def drawn(generator: nn.Module, rngs: Sequence[np.random.Generator]) -> Tensor:
    """(B, D) codes of new people for any generator, one from each source of random numbers."""
    randoms = (torch.Generator().manual_seed(int(rng.integers(2**62))) for rng in rngs)
    return torch.cat([generator.draw(1, random) for random in randoms])
