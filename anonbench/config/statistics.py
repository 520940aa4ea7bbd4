"""The section ``statistics``: how sure the results are, and what counts as a difference."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from anonbench.common.validation import Model
from anonbench.config.types import Positive, Seed

Share = Annotated[float, Field(gt=0, lt=1)]


class StatisticsConfig(Model):
    """Resamples of the validation images, and the statements that are made from them.

    Parameters
    ----------
    resamples
        How often the validation images are drawn anew.
    seed
        Decides which are drawn.
    confidence
        Of intervals: the share of studies whose interval holds the true drop.
    margin
        Drops within so much of zero, as a fraction of 1, count as none.
    power
        How surely a drop is found that the study is said to be able to find.
    """

    resamples: Positive = 1000
    seed: Seed = 0
    confidence: Share = 0.95
    margin: Share = 0.01
    power: Share = 0.8
