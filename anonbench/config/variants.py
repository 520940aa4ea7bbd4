"""The section ``variants``: what all anonymized variants share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from anonbench.common.validation import Model
from anonbench.config.types import Seed


class VariantsConfig(Model):
    """``seed``: base of everything random in anonymizing; another one gives other generated people. ``most_left``: of
    how many regions not one pixel need change; a variant that leaves more is an error."""

    seed: Seed = 0
    most_left: Annotated[int, Field(ge=0)] = 0
