"""Restored pictures as albums, and how near they are to the truth."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from anonbench.attacks.people import SIZES, Album, Pairs

BEST = 100.0  # dB that stand for no difference at all


def same_pictures(people: Pairs) -> bool:
    """Whether what is shown is what is clear, as where nothing was anonymized."""
    return all(np.array_equal(a.image, b.image) for a, b in zip(people.clear, people.shown, strict=True))


def with_pictures(people: Album, images: np.ndarray) -> Album:
    """The same people with other pictures, (N, h, w, 3) uint8 at the size at which people are compared.

    Outside of the region's pixels, what was shown stays.
    """
    shown, masks = people.images(), people.masks()
    images = np.where(masks[..., None], images, shown)
    scale = SIZES[people.region][1]
    return Album(
        [
            replace(one, image=image, mask=mask, side=one.side * scale / one.image.shape[0])
            for one, image, mask in zip(people, images, masks, strict=True)
        ],
        people.region,
    )


def extended(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A picture (h, w, 3) whose pixels outside of the mask repeat the nearest one inside of it."""
    if mask.all() or not mask.any():
        return image
    _, labels = cv2.distanceTransformWithLabels(
        (~mask).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((labels.max() + 1, image.shape[2]), image.dtype)
    colours[labels[mask]] = image[mask]
    return colours[labels]


def psnr(people: Pairs) -> float:
    """The peak signal-to-noise ratio of what is shown to what is clear, within the masks, dB; the people's mean."""
    clear, shown = (album.images().astype(np.float64) for album in (people.clear, people.shown))
    masks = people.clear.masks()
    ratios = []
    for before, after, mask in zip(clear, shown, masks, strict=True):
        if mask.any():
            error = np.mean((before[mask] - after[mask]) ** 2)
            ratios.append(BEST if error == 0 else min(BEST, 10 * np.log10(255**2 / error)))
    return float(np.mean(ratios)) if ratios else BEST
