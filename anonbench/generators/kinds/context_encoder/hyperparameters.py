"""What the context encoder's training depends on besides its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LossWeights:
    """The weight of each of the generator's losses: reconstruction leads, as in Pathak et al., section 3.2."""

    adversarial: float = 1.0
    l1: float = 10.0
    perceptual: float = 1.0

    def total(self, losses: Mapping[str, Any]) -> Any:
        """The weighted sum of losses by name."""
        return (
            self.adversarial * losses["adversarial"] + self.l1 * losses["l1"] + self.perceptual * losses["perceptual"]
        )


@dataclass(frozen=True)
class Hyperparameters:
    """What training depends on besides its configuration.

    Parameters
    ----------
    learning_rate
        Of both the generator and the critic.
    betas
        Of Adam.
    weights
        A record of its own.
    """

    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    weights: LossWeights = LossWeights()
