"""Pixelation."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from pydantic import Field

from anonbench.anonymize.method import Method, Unfit
from anonbench.common.validation import Model
from anonbench.regions.patch import Patch

# A cell of one pixel hides nothing.
SMALLEST_CELL = 2


class Config(Model):
    """``cells``: how many square cells at most fit along the region's longer side."""

    cells: Annotated[int, Field(ge=1, le=256)]


class Pixelate(Method):
    """A grid of square cells in their mean colour, also known as mosaicing (Fan, DBSec 2018).

    The grid starts at the top left of the region. Rows and columns that do not fill a cell join the last one, so that
    no cell is smaller than the others.
    """

    Config = Config
    sees_region = True
    random = False

    def fill(self, patch: Patch) -> np.ndarray:
        """The crop in cells."""
        if patch.side < max(self.config.cells, SMALLEST_CELL + 1):
            raise Unfit("too_small")
        cell = max(SMALLEST_CELL, math.ceil(patch.side / self.config.cells))
        height, width = patch.mask.shape
        rows, cols = _starts(height, cell), _starts(width, cell)
        heights, widths = np.diff(rows, append=height), np.diff(cols, append=width)
        sums = np.add.reduceat(patch.image, rows, axis=0, dtype=np.uint32)
        sums = np.add.reduceat(sums, cols, axis=1)
        areas = (heights[:, None] * widths)[..., None]
        means = ((sums + areas // 2) // areas).astype(np.uint8)
        return means.repeat(heights, axis=0).repeat(widths, axis=1)


def _starts(length: int, cell: int) -> np.ndarray:
    return np.arange(max(1, length // cell)) * cell
