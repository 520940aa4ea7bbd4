"""Growing masks."""

from __future__ import annotations

import cv2
import numpy as np

# OpenCV's float32 distances are not exact where they should be whole: 7 px come out as 7.0000005.
TOLERANCE = 1e-3


def dilated(mask: np.ndarray, radius: float) -> np.ndarray:
    """A mask grown by a disc: every pixel whose centre is at most ``radius`` px from that of a pixel of the mask.

    The cost does not depend on the radius.

    Parameters
    ----------
    mask
        (H, W) bool, contiguous.
    radius
        px; the mask itself is returned for 0 and less.

    Returns
    -------
    np.ndarray
        (H, W) bool.
    """
    if radius <= 0 or not mask.any():
        return mask
    distance = cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distance <= radius + TOLERANCE
