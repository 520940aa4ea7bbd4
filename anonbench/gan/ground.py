"""The ground around a person, continued into the region that is to be filled."""

from __future__ import annotations

import cv2
import numpy as np


def mirrored(image: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Known pixels, and in place of each unknown one its mirror image behind the nearest known pixel.

    So the ground's own texture goes on without a seam. Where the mirror image is not known either, the nearest known
    pixel is repeated.

    Parameters
    ----------
    image
        (H, W, C) of any type. Only its pixels in ``known`` are used.
    known
        (H, W) bool.

    Returns
    -------
    np.ndarray
        (H, W, C) of the same type; zero everywhere if nothing is known.
    """
    result = image * known[..., None].astype(image.dtype)
    unknown = np.argwhere(~known)
    if not len(unknown) or len(unknown) == known.size:
        return result
    _, labels = cv2.distanceTransformWithLabels(
        (~known).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.argwhere(known)
    place_of = np.zeros((labels.max() + 1, 2), places.dtype)
    place_of[labels[known]] = places
    nearest = place_of[labels[~known]]
    behind = (2 * nearest - unknown).clip(0, np.array(known.shape) - 1)
    source = np.where(known[tuple(behind.T)][:, None], behind, nearest)
    result[~known] = image[tuple(source.T)]
    return result
