"""One colour over people, and no labels of them."""

from __future__ import annotations

from anonbench.anonymize.methods.mask_out import Config as MaskOutConfig
from anonbench.anonymize.methods.mask_out import MaskOut


class Config(MaskOutConfig):
    """``color`` and ``grow``: as of `mask_out`."""


class DropLabels(MaskOut):
    """Hide people as `mask_out` does and train without their labels: as if the images had been taken without them."""

    Config = Config
    drops = "labels"
