"""A method that leaks nothing."""

import numpy as np

from anonbench.anonymize.method import Method


class RandomPixels(Method):
    """Pixels drawn at random."""

    sees_region = True

    def fill(self, patch):
        return patch.rng.integers(0, 256, patch.image.shape, np.uint8)
