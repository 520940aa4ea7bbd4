"""Gives a picture surroundings that it does not have."""

from __future__ import annotations

import cv2
import numpy as np


def on_canvas(picture: np.ndarray, factor: float) -> tuple[np.ndarray, tuple[int, int]]:
    """Place a picture in the middle of a larger one, whose border repeats the picture's outermost pixels.

    Parameters
    ----------
    picture
        (height, width, 3) uint8 RGB.
    factor
        The larger one's sides relative to the picture's, from 1.

    Returns
    -------
    image
        (height, width, 3) uint8 RGB.
    corner
        Where the picture's upper left corner lies in it, (x, y) px.
    """
    height, width = picture.shape[:2]
    left, top = (round((factor - 1) / 2 * side) for side in (width, height))
    return cv2.copyMakeBorder(picture, top, top, left, left, cv2.BORDER_REPLICATE), (left, top)
