"""Classical inpainting."""

from __future__ import annotations

import math
from typing import Annotated

import cv2
import numpy as np
from pydantic import Field

from anonbench.anonymize.method import Method, Unfit
from anonbench.common.validation import Model
from anonbench.regions.patch import Patch

# The fill is smooth, so a coarser grid loses little; this bounds the cost of a region whatever its size.
WORKING_SIDE = 32
# Neighbourhood of a pixel that its colour is drawn from, in px of the working grid.
RADIUS = 2
# How much of the surroundings is looked at, as a fraction of the longer side.
CONTEXT = 0.1


class Config(Model):
    """``grow``: by what fraction of its longer side the region grows before it is filled."""

    grow: Annotated[float, Field(ge=0, le=1)]


class Inpaint(Method):
    """Fill from the surroundings by `cv2.inpaint` after Bertalmio, Bertozzi & Sapiro (CVPR 2001), its INPAINT_NS.

    OpenCV's other method, Telea's, is no faster and does not even continue one plain colour exactly. Pixels of other
    regions that are not filled yet count as unknown too, so that nobody is copied into somebody else.
    """

    Config = Config
    sees_region = False
    random = False

    def grow(self, side: float) -> int:
        """A fraction of the longer side."""
        return math.ceil(self.config.grow * side)

    def margin(self, side: float) -> int:
        """Some surroundings, and a few px at least."""
        return math.ceil(max(2 * RADIUS, CONTEXT * side))

    def fill(self, patch: Patch) -> np.ndarray:
        """The crop with all hidden pixels filled in."""
        known = ~patch.hidden
        if not known.any():
            raise Unfit("no_surroundings")
        height, width = known.shape
        scale = WORKING_SIDE / max(height, width)
        if scale >= 1:
            return cv2.inpaint(patch.image, patch.hidden.view(np.uint8), RADIUS, cv2.INPAINT_NS)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        # Hidden pixels are black in the crop: dividing by the known share makes each average one of known pixels only.
        colors = cv2.resize(patch.image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        share = cv2.resize(known.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
        colors *= (255 / np.maximum(share, 1, dtype=np.float32))[..., None]
        coarse = np.rint(colors).clip(0, 255).astype(np.uint8)
        # With less than a quarter of a cell known, the rounding of both averages would show.
        hole = (share < 64).view(np.uint8)
        if hole.all():
            raise Unfit("no_surroundings")
        coarse = cv2.inpaint(coarse, hole, RADIUS, cv2.INPAINT_NS)
        return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
