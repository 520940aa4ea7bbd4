"""Gaussian blur."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field, model_validator

from anonbench.anonymize.method import Method, Unfit
from anonbench.anonymize.paper_crop import CROPS, LARGEST
from anonbench.common.validation import Model
from anonbench.regions.patch import Patch
from anonbench.regions.window import resize

# Below this extent even a blurred region still is its one or two pixels.
SMALLEST_SIDE = 3
# A blur this wide has no content left at pixel scale, so it is computed on a coarser grid with this sigma.
COARSE_SIGMA = 4.0


class Config(Model):
    """``sigma``: the Gaussian's standard deviation as a fraction of the region's longer side, at least 1 px; ``grow``:
    by what fraction of that side the region grows before it is blurred.

    Or, instead of ``sigma``, as the paper blurs: ``crop``: the kind of crop at whose resolution the blur is computed;
    ``sigma_px`` and ``kernel``: standard deviation and full width of the kernel in the crop's px; ``min_size``: crops
    of fewer px² in the image than its square are masked out."""

    sigma: Annotated[float, Field(gt=0, le=1)] | None = None
    grow: Annotated[float, Field(ge=0, le=1)] = 0.0
    crop: Literal["fdh", "fdf128"] | None = None
    sigma_px: Annotated[float, Field(gt=0, le=100)] | None = None
    kernel: Annotated[int, Field(ge=3, le=127)] | None = None
    min_size: Annotated[int, Field(ge=0, le=1024)] = 0

    @model_validator(mode="after")
    def _one_way(self) -> Config:
        if self.crop is None and (self.sigma is None or self.sigma_px or self.kernel or self.min_size):
            raise ValueError("sigma is needed, and sigma_px, kernel and min_size belong to a crop")
        if self.crop is not None and (self.sigma is not None or not (self.sigma_px and self.kernel)):
            raise ValueError("a crop needs sigma_px and kernel, and no sigma")
        if self.kernel is not None and self.kernel % 2 == 0:
            raise ValueError("kernel must be odd")
        return self


class Blur(Method):
    """Gaussian blur by `cv2.GaussianBlur`, a traditional method of Hukkelås & Lindseth (arXiv 2306.05135).

    Wide kernels are computed on a coarser grid: area averaging and linear interpolation are blurs themselves, and their
    variances are taken off the Gaussian's. The cost then does not depend on sigma.
    """

    Config = Config
    sees_region = True
    random = False

    def grow(self, side: float) -> int:
        """A fraction of the longer side."""
        return math.ceil(self.config.grow * side)

    def margin(self, side: float) -> int:
        """Three sigma, beyond which nothing has weight; or as far as the crop reaches."""
        if self.config.crop:
            return math.ceil(LARGEST * side / 2) + 2
        return math.ceil(3 * self._sigma(side))

    def fill(self, patch: Patch) -> np.ndarray:
        """The blurred crop."""
        if patch.side < SMALLEST_SIDE:
            raise Unfit("too_small")
        if self.config.crop:
            return self._at_crop(patch)
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

    def _at_crop(self, patch: Patch) -> np.ndarray:
        """The patch with its crop blurred as ``GaussianBlurGenerator`` of hukkelas/deep_privacy2 does it."""
        crop = CROPS[self.config.crop]
        window = crop.window(patch.box, int(patch.outline.sum()))
        if window.width * window.height < self.config.min_size**2:
            raise Unfit("too_small")
        left, top, width, height = cv2.boundingRect(patch.mask.view(np.uint8))
        window = window.containing(left, top, left + width, top + height)
        # What the window shows beyond the image repeats the image's border; black would darken people who stand there.
        rows = np.clip(np.arange(window.top, window.top + window.height), 0, patch.image.shape[0] - 1)
        cols = np.clip(np.arange(window.left, window.left + window.width), 0, patch.image.shape[1] - 1)
        small = resize(patch.image[np.ix_(rows, cols)], crop.size)
        kernel = self.config.kernel, self.config.kernel
        small = cv2.GaussianBlur(small, kernel, self.config.sigma_px, borderType=cv2.BORDER_REFLECT_101)
        result = patch.image.copy()
        window.paste(resize(small, (window.width, window.height)), result)
        return result

    def _sigma(self, side: float) -> float:
        return max(1.0, self.config.sigma * side)
