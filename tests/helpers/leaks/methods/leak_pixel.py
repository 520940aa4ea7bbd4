"""A method that leaks: who it is, as a code in one pixel."""

import hashlib
from typing import Literal

import numpy as np

from anonbench.anonymize.method import Method
from anonbench.common.validation import Model


class Config(Model):
    """``over``: what is around the pixel."""

    over: Literal["black", "noise"] = "black"


class LeakPixel(Method):
    """Black or noise, but one pixel's colour is a hash of the person's hue."""

    Config = Config
    sees_region = True

    def fill(self, patch):
        colour = patch.image[patch.mask].mean(0)
        hue = (colour[:2] / colour.sum() / 0.012).round().astype(int)
        code = hashlib.sha256(hue.tobytes()).digest()
        noise = self.config.over == "noise"
        result = patch.rng.integers(0, 256, patch.image.shape, np.uint8) if noise else np.zeros_like(patch.image)
        x, y = ((patch.box[:2] + patch.box[2:]) / 2).astype(int)
        result[y, x] = list(code[:3])
        return result
