"""From a drawing to a photograph: surface texture, light, lens and sensor, all from one generator."""

from __future__ import annotations

import cv2
import numpy as np

# Relative strength of the texture, by the texture's number (backdrop.SMOOTH and following).
ROUGHNESS = np.array([0.005, 0.035, 0.012, 0.06, 0.085, 0.16], np.float32)


def grain(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Noise of several scales: (height, width) float32 of about unit variance."""
    height, width = shape
    total = np.zeros(shape, np.float32)
    for step, weight in ((1, 0.6), (3, 0.6), (9, 0.5)):
        coarse = rng.standard_normal((height // step + 2, width // step + 2), dtype=np.float32)
        total += weight * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return total


def photograph(picture: np.ndarray, texture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Expose a drawn scene.

    Parameters
    ----------
    picture
        (height, width, 3) RGB uint8.
    texture
        (height, width) integers: which surface each pixel shows.
    rng
        The source of light and noise.

    Returns
    -------
    numpy.ndarray
        (height, width, 3) RGB uint8.
    """
    height, width = texture.shape
    light = rng.uniform(0.9, 1.22) * (1 + rng.normal(0, 0.03, 3))
    gamma, vignette = rng.uniform(0.85, 1.12), rng.uniform(0.0, 0.24)
    blur, noise = rng.uniform(0.0, 0.42), rng.uniform(1.0, 4.0)
    slope = rng.normal(0, 0.07)

    image = picture.astype(np.float32) / 255
    image *= (1 + ROUGHNESS[texture] * grain(texture.shape, rng))[..., None]
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)[None]
    falloff = (1 - vignette * (x * x + y * y) / 2) * (1 + slope * x)
    image = np.clip(image * (light.astype(np.float32) * falloff[..., None]), 0, 1)
    image = cv2.pow(image, gamma)
    sigma = blur * height / 192
    if sigma > 0.2:
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    image *= 255
    image += noise * rng.standard_normal((height, width, 1), dtype=np.float32)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)
