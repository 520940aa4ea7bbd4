"""The section ``variants``: what all anonymized variants share."""

from __future__ import annotations

from anonbench.common.validation import Model
from anonbench.config.types import Seed


class VariantsConfig(Model):
    """``seed``: base of everything random in anonymizing; another one gives other generated people."""

    seed: Seed = 0
