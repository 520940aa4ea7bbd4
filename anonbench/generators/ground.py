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
    result = np.ascontiguousarray(image * known[..., None].astype(image.dtype))
    if known.all() or not known.any():
        return result
    _, labels = cv2.distanceTransformWithLabels(
        (~known).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    labels, places, unknown = labels.ravel(), np.flatnonzero(known), np.flatnonzero(~known)
    place_of = np.zeros(len(places) + 1, np.intp)
    place_of[labels[places]] = places
    nearest = place_of[labels[unknown]]
    height, width = known.shape
    (row, col), (nearest_row, nearest_col) = np.divmod(unknown, width), np.divmod(nearest, width)
    behind = (2 * nearest_row - row).clip(0, height - 1) * width + (2 * nearest_col - col).clip(0, width - 1)
    source = np.where(known.ravel()[behind], behind, nearest)
    pixels, filled = image.reshape(-1, image.shape[2]), result.reshape(-1, image.shape[2])
    filled[unknown] = pixels[source]
    return result
