"""Details finer than a network's pixels, as strong beside its own as they are in the surroundings."""

from __future__ import annotations

import cv2
import numpy as np

# The finer octave of a photograph is never much stronger than the coarser one; a ratio beyond is a mistake.
STRONGEST = 1.5
# Details that are fainter on average, in 0..255, are rounding errors.
FAINTEST = 0.01


def fineness(image: np.ndarray, smooth: np.ndarray, known: np.ndarray, scale: float) -> float:
    """How strong the details of an image are that a network cannot hold, beside the finest that it can.

    Parameters
    ----------
    image
        (h, w, 3) float32 in 0..255. Only its pixels in ``known`` count.
    smooth
        The same, scaled to the network's resolution and back.
    known
        (h, w) bool.
    scale
        Pixels of the image in one of the network's.

    Returns
    -------
    float
        The ratio of mean absolute values, 0 to ``STRONGEST``; 0 where nothing is known or everything is smooth.
    """
    held = np.abs(_finest(smooth, scale))[known]
    lost = np.abs(image - smooth)[known]
    if not held.size or min(held.mean(), lost.mean()) < FAINTEST:
        return 0.0
    return float(min(lost.mean() / held.mean(), STRONGEST))


def with_grain(picture: np.ndarray, ratio: float, scale: float, rng: np.random.Generator) -> np.ndarray:
    """A picture that was scaled up, with details of its own pixels' size: gray noise, stronger where it has texture.

    Parameters
    ----------
    picture
        (h, w, 3) float32 in 0..255, scaled up by ``scale``.
    ratio
        From :func:`fineness`.
    scale
        More than 1.
    rng
        Source of the noise.
    """
    strength = cv2.GaussianBlur(np.abs(_finest(picture, scale)).mean(2), (0, 0), 2 * scale)
    noise = _finest(rng.standard_normal(picture.shape[:2], np.float32), scale / 2)
    noise /= np.abs(noise).mean() + 1e-6
    return picture + (ratio * strength * noise)[..., None]


def _finest(picture: np.ndarray, scale: float) -> np.ndarray:
    return picture - cv2.GaussianBlur(picture, (0, 0), scale)
