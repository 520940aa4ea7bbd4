"""What an anonymization method, or a generator, sees of one region."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Patch:
    """What a method sees of one region: a crop of the image, the region's outline in it, and nothing else.

    Parameters
    ----------
    image
        (h, w, 3) uint8 RGB. Black where ``hidden``.
    mask
        (h, w) bool: the pixels to replace, already grown.
    outline
        (h, w) bool: the region before growing.
    hidden
        (h, w) bool: pixels whose content must not be used. All False for a method that sees the region.
    box
        (4,) float64 ``xyxy`` px within the crop, before growing.
    side
        The region's longer side in px before growing, the unit of all parameters.
    keypoints
        (K, 3) float64 of x, y, visibility within the crop, or None.
    exact
        Whether the outline is an annotated mask, and not a box or drawn from keypoints.
    rng
        The image's random generator.
    """

    image: np.ndarray
    mask: np.ndarray
    outline: np.ndarray
    hidden: np.ndarray
    box: np.ndarray
    side: float
    keypoints: np.ndarray | None
    exact: bool
    rng: np.random.Generator
