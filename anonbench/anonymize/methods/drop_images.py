"""No anonymization: images of people are left out."""

from __future__ import annotations

import numpy as np

from anonbench.anonymize.method import Method, Unfit
from anonbench.regions.patch import Patch


class DropImages(Method):
    """Train without the images that show somebody: what one does without an anonymizer, and loses at most by it."""

    sees_region = False
    random = False
    drops = "images"

    def fill(self, patch: Patch) -> np.ndarray:
        """Nothing: an image with a region is left out before."""
        raise Unfit("left_out")
