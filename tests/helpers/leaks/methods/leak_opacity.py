"""A method that leaks: the original itself, faintly."""

from typing import Literal

import numpy as np

from anonbench.anonymize.method import Method
from anonbench.common.validation import Model


class Config(Model):
    """``over``: what the original is pasted on; ``opacity``: its share."""

    over: Literal["black", "noise"] = "black"
    opacity: float = 0.05


class LeakOpacity(Method):
    """Black or noise, with the original at five per cent of opacity on top."""

    Config = Config
    sees_region = True

    def fill(self, patch):
        noise = self.config.over == "noise"
        under = patch.rng.integers(0, 256, patch.image.shape) if noise else np.zeros(patch.image.shape)
        return (1 - self.config.opacity) * under + self.config.opacity * patch.image
