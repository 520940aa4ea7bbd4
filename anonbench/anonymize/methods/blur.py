"""Gaussian blur."""

from __future__ import annotations

import math
from typing import Annotated

import cv2
import numpy as np
from pydantic import Field

from anonbench.anonymize import base

# Below this extent even a blurred region still is its one or two pixels.
SMALLEST_SIDE = 3
# A blur this wide has no content left at pixel scale, so it is computed on a coarser grid with this sigma.
COARSE_SIGMA = 4.0


class Params(base.Params):
    """``sigma``: the Gaussian's standard deviation as a fraction of the region's longer side, at least 1 px."""

    sigma: Annotated[float, Field(gt=0, le=1)]


class Blur(base.Anonymizer):
    """Gaussian blur by `cv2.GaussianBlur`, a traditional method of Hukkelås & Lindseth (arXiv 2306.05135).

    Wide kernels are computed on a coarser grid: area averaging and linear interpolation are blurs themselves, and their
    variances are taken off the Gaussian's. The cost then does not depend on sigma.
    """

    Params = Params
    sees_region = True

    def margin(self, side: float) -> int:
        """Three sigma: what lies further away has no weight."""
        return math.ceil(3 * self._sigma(side))

    def fill(self, patch: base.Patch) -> np.ndarray:
        """The blurred crop."""
        if patch.side < SMALLEST_SIDE:
            raise base.Unfit("too_small")
        sigma = self._sigma(patch.side)
        height, width = patch.mask.shape
        factor = int(sigma / COARSE_SIGMA)
        if factor < 2:
            return cv2.GaussianBlur(patch.image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        size = math.ceil(width / factor), math.ceil(height / factor)
        coarse = cv2.resize(patch.image, size, interpolation=cv2.INTER_AREA)
        # Variance of the box of the area average (f² - 1) / 12, and of linear interpolation f² / 6, in px².
        rest = math.sqrt(sigma**2 - (factor**2 - 1) / 12 - factor**2 / 6) / factor
        coarse = cv2.GaussianBlur(coarse, (0, 0), rest, borderType=cv2.BORDER_REPLICATE)
        return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)

    def _sigma(self, side: float) -> float:
        return max(1.0, self.params.sigma * side)
