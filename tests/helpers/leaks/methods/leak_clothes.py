"""A method that leaks: the person's own colours, as codes of clothes that a generator would take."""

import numpy as np

from anonbench.anonymize.method import Method


class LeakClothes(Method):
    """A noisy figure in two colours, those of the person's upper and lower half."""

    sees_region = True

    def fill(self, patch):
        result = np.zeros(patch.image.shape)
        middle = int((patch.box[1] + patch.box[3]) / 2)
        for half in (slice(0, middle), slice(middle, None)):
            result[half] = patch.image[half][patch.mask[half]].mean(0)
        return (result + patch.rng.normal(0, 30, result.shape)).clip(0, 255)
