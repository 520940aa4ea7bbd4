"""The sample sheet: some people, what the generator saw of them, and several whom it made up in their place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from anonbench.common.files import write_bytes
from anonbench.common.images import encode
from anonbench.generators.condition import conditions
from anonbench.generators.crops import Crops, center_views
from anonbench.generators.quality import COARSENESS, GROW, originals, synthesize

PEOPLE, CODES = 10, 5
GAP = 2  # px between pictures


@torch.no_grad()
def write_sheet(path: Path, generator: nn.Module, crops: Crops, seed: int, device: torch.device) -> None:
    """Write a PNG: one column per person; the original, the masked input, and one row per latent code.

    Parameters
    ----------
    generator
        In evaluation mode, on ``device``.
    crops
        People to replace.
    seed
        Of the choice of people and the latent codes.
    """
    rng = np.random.default_rng([seed, 2])
    views = center_views(crops, np.sort(rng.permutation(len(crops))[:PEOPLE]), GROW)
    given = conditions(views, np.full(len(views), COARSENESS), [rng] * len(views)).to(device)
    rows = [originals(views), given.planes[:, :3], *(synthesize(generator, given, rng) for _ in range(CODES))]
    lines = []
    for row in rows:
        pictures = np.rint((row.permute(0, 2, 3, 1).cpu().numpy() + 1) * 127.5).clip(0, 255).astype(np.uint8)
        padded = np.pad(pictures, ((0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=255)
        lines.append(np.concatenate(list(padded), axis=1))
    write_bytes(path, encode(np.concatenate(lines, axis=0), ".png"))
