"""The generators' losses once more, pixel by pixel with NumPy and OpenCV: independent of what they are to test."""

from __future__ import annotations

import cv2
import numpy as np
import torch


def arrays(tensors: list[torch.Tensor]) -> list[np.ndarray]:
    """Tensors as float64 arrays."""
    return [tensor.detach().double().numpy() for tensor in tensors]


def mean_inside(values: np.ndarray, fill: np.ndarray) -> float:
    """The mean over samples of the mean of (B, C, h, w) over places, weighted by the share of (B, 1, H, W) in each."""
    found = []
    rows, cols = fill.shape[2] // values.shape[2], fill.shape[3] // values.shape[3]
    for sample, mask in zip(values, fill[:, 0], strict=True):
        total = weights = 0.0
        for y in range(values.shape[2]):
            for x in range(values.shape[3]):
                share = mask[y * rows : (y + 1) * rows, x * cols : (x + 1) * cols].mean()
                total, weights = total + share * sample[:, y, x].mean(), weights + share
        found.append(total / weights if weights else 0.0)
    return float(np.mean(found))


def hinge_critic(real: list[np.ndarray], fake: list[np.ndarray], fill: np.ndarray) -> float:
    """Real logits should be 1 or more, fake ones -1 or less."""
    return sum(
        mean_inside(np.maximum(1 - r, 0), fill) + mean_inside(np.maximum(1 + f, 0), fill)
        for r, f in zip(real, fake, strict=True)
    )


def hinge_generator(fake: list[np.ndarray], fill: np.ndarray) -> float:
    """Fake logits should be high."""
    return -sum(mean_inside(f, fill) for f in fake)


def perceptual(real: list[np.ndarray], fake: list[np.ndarray], fill: np.ndarray) -> float:
    """Squared distance of the unit vectors at each place, over layers."""
    total = 0.0
    for r, f in zip(real, fake, strict=True):
        r, f = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) for x in (r, f))
        total += mean_inside(((r - f) ** 2).sum(1, keepdims=True), fill)
    return total


def strength(real: np.ndarray, fake: np.ndarray, fill: np.ndarray, bands: int = 3) -> float:
    """By which factor the mean details differ, as a logarithm, over bands and samples."""
    found = []
    for _ in range(bands):
        for r, f, mask in zip(real, fake, fill, strict=True):
            means = [mean_inside(np.abs(details(x))[None], mask[None]) for x in (r, f)]
            found.append(abs(np.log(means[0] + 1e-3) - np.log(means[1] + 1e-3)))
        real, fake, fill = (halved(x) for x in (real, fake, fill))
    return float(np.mean(found))


def spread(real: np.ndarray, fake: np.ndarray, fill: np.ndarray, bands: int = 4) -> float:
    """Mean difference of 16 quantiles of the logarithm of local details, over bands and samples that have any place."""
    found = []
    at = (np.arange(16) + 0.5) / 16
    for _ in range(bands):
        for r, f, mask in zip(real, fake, fill, strict=True):
            inside = mask[0] > 0.5
            if inside.any():
                quantiles = [np.quantile(local(x)[inside], at) for x in (r, f)]
                found.append(np.abs(quantiles[0] - quantiles[1]).mean())
        real, fake, fill = (halved(x) for x in (real, fake, fill))
    return float(np.mean(found)) if found else 0.0


def local(image: np.ndarray) -> np.ndarray:
    """(H, W) logarithm of the mean details in 3 x 3 px; nothing is beyond the border."""
    strengths = np.abs(details(image)).mean(0)
    return np.log(cv2.blur(strengths, (3, 3), borderType=cv2.BORDER_CONSTANT) + 0.004)


def details(image: np.ndarray) -> np.ndarray:
    """What an image (C, H, W) loses when it is halved."""
    small = halved(image[None])[0].transpose(1, 2, 0)
    large = cv2.resize(small, image.shape[:0:-1], interpolation=cv2.INTER_LINEAR)
    return image - large.reshape(*image.shape[1:], -1).transpose(2, 0, 1)


def halved(images: np.ndarray) -> np.ndarray:
    """(B, C, H, W) averaged over 2 x 2 px."""
    batch, channels, height, width = images.shape
    return images.reshape(batch, channels, height // 2, 2, width // 2, 2).mean((3, 5))


def log_loss(logits: np.ndarray, real: bool) -> float:
    """Mean negative log-likelihood of logits that should say real, or not."""
    likelihood = 1 / (1 + np.exp(-logits))
    return float(-np.log(likelihood if real else 1 - likelihood).mean())
