"""Mask-out: one colour."""

from __future__ import annotations

import math
from typing import Annotated

import cv2
import numpy as np
from pydantic import Field

from anonbench.anonymize.method import Method
from anonbench.common.validation import Model
from anonbench.regions.patch import Patch

Channel = Annotated[int, Field(ge=0, le=255)]


class Config(Model):
    """``color``: the fill, RGB in 0..255; ``grow``: by what fraction of the longer side the region grows."""

    color: tuple[Channel, Channel, Channel] = (0, 0, 0)
    grow: Annotated[float, Field(ge=0, le=1)]


class MaskOut(Method):
    """One colour over the whole region, as the mask-out of Hukkelås & Lindseth (arXiv 2306.05135)."""

    Config = Config
    sees_region = False
    random = False

    def grow(self, side: float) -> int:
        """A fraction of the longer side."""
        return math.ceil(self.config.grow * side)

    def fill(self, patch: Patch) -> np.ndarray:
        """The colour everywhere."""
        height, width = patch.mask.shape
        return cv2.rectangle(np.empty_like(patch.image), (0, 0), (width, height), self.config.color, cv2.FILLED)
