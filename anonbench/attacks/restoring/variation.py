"""Total variation, with the method itself as the operator."""

from __future__ import annotations

import logging

import cv2
import numpy as np
from tqdm import tqdm

from anonbench.anonymize.frame import anonymize
from anonbench.anonymize.method import Method
from anonbench.attacks.attack import Case
from anonbench.attacks.people import SIZES, Album, Photograph
from anonbench.attacks.restoring.pictures import extended
from anonbench.attacks.restoring.restorer import Restorer
from anonbench.config.plugins import METHODS
from anonbench.regions.region import Region
from anonbench.regions.window import resize
from anonbench.variants.recipe import Recipe

log = logging.getLogger(__name__)
_LARGEST = 160  # px of a window's longer side; larger ones are restored at that size
_STEPS = 15
_WEIGHT = 0.05  # of the total variation against the squared error, at values in 0..1


class Variation(Restorer):
    """The picture of little total variation (Rudin, Osher & Fatemi, 1992) that the method turns into what is shown.

    Iterates ``x <- TV(x + shown - method(x))``: the method is run on every estimate as it was on the image, 8 bits
    included, and nothing of it needs to be known but that its spectrum is within 0..1, as that of blurs and of means
    over cells is. What a method that is random, or does not see the region, shows is left as it is.
    """

    def learn(self, case: Case) -> None:
        self._method = invertible(case.recipe)

    def restored(self, people: Album) -> np.ndarray:
        if self._method is None:
            return people.images()
        size = SIZES[people.region]
        pictures = (self._one(photograph) for photograph in tqdm(people, "restored", unit="person", mininterval=1))
        return np.stack([resize(picture, size) for picture in pictures])

    def _one(self, photograph: Photograph) -> np.ndarray:
        from skimage.restoration import denoise_tv_chambolle

        image, mask = photograph.image, photograph.mask
        scale = min(1.0, _LARGEST / max(mask.shape))
        if scale < 1:
            size = round(image.shape[1] * scale), round(image.shape[0] * scale)
            image, mask = resize(image, size), resize(mask.view(np.uint8) * 255, size) > 127
        if not mask.any():
            return image
        x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
        region = Region(np.array([x, y, x + width, y + height], float), mask)
        shown = extended(image, mask)
        estimate = shown.astype(np.float32)
        for _ in range(_STEPS):
            again = anonymize(self._method, estimate.round().clip(0, 255).astype(np.uint8), [region]).image
            estimate[mask] += shown[mask].astype(np.float32) - again[mask]
            estimate = 255 * denoise_tv_chambolle(estimate / 255, _WEIGHT, max_num_iter=10, channel_axis=2)
        return estimate.round().clip(0, 255).astype(np.uint8)


def invertible(recipe: Recipe | None) -> Method | None:
    """The method of a recipe, where it can be run again on any picture and shows something of what it saw."""
    if recipe is None:
        return None
    method = METHODS.create(recipe.plugin, recipe.config)
    return method if method.sees_region and not method.random and not method.learned else None
