"""What the style generator's training depends on besides its configuration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class LossWeights:
    """The weight of each of the generator's losses."""

    g_projected: float = 0.5
    g_pixels: float = 1.0
    perceptual: float = 3.0
    l1: float = 3.0
    texture: float = 2.0
    divergence: float = 0.005
    range: float = 10.0
    colours: float = 3.0

    def total(self, losses: Mapping[str, Any]) -> Any:
        """The weighted sum of the losses of these names."""
        return sum(weight * losses[name] for name, weight in asdict(self).items())


@dataclass(frozen=True)
class CodeMixing:
    """How new people's codes are made from real ones.

    Parameters
    ----------
    neck, waist
        Where head and trunk, and upper and lower halves, may meet, as a fraction of the grid's height.
    tint
        By how much the colours of each part are changed, of -1..1.
    jitter
        By how much the appearance of each part is changed, of what people differ by.
    """

    neck: tuple[float, float] = (0.1, 0.2)
    waist: tuple[float, float] = (0.3, 0.9)
    tint: float = 0.05
    jitter: float = 0.2


@dataclass(frozen=True)
class Opacity:
    """Whether a pixel shows the person, in logits: what the outline says at most, and what the network may add.

    With more freedom the network fools the critics by making everybody transparent, since the ground is always real.
    """

    outlined: float = 5.0
    added: float = 2.0


@dataclass(frozen=True)
class Hyperparameters:
    """What training depends on besides its configuration.

    Parameters
    ----------
    learning_rate, critic_rate
        Of the generator with its encoder, and of the critics.
    betas
        Of Adam.
    warm_up
        Steps until the rates are reached.
    half_sized
        The share of the steps, from the first on, that are made at half the size, which costs a third of the time.
    smallest_half
        px that half of the shorter side has at least where steps are made at half the size: a smaller person is a few
        blots.
    moved
        px by less than which pictures are moved before the critics see them: the stride of the coarsest features.
    steepest
        Norm to which the generator's gradient is cut. Usual ones are 20 to 60; a single far larger one undoes a
        training.
    averaged
        Longest half-life of the average of the generator's weights, in steps; it is shorter while few steps are done.
    weights, mixing, opacity
        Records of their own.
    """

    learning_rate: float = 5e-4
    critic_rate: float = 4e-4
    betas: tuple[float, float] = (0.0, 0.99)
    warm_up: int = 50
    half_sized: float = 0.5
    smallest_half: int = 64
    moved: int = 32
    steepest: float = 100.0
    averaged: float = 350
    weights: LossWeights = LossWeights()
    mixing: CodeMixing = CodeMixing()
    opacity: Opacity = Opacity()

    def rate_factor(self, number: int, steps: int) -> float:
        """On both rates at a step: a linear warm-up, then constant, and down along a cosine to a tenth in the second
        half of all ``steps``."""
        late = max(0.0, 2 * number / steps - 1)
        return min(1, (number + 1) / self.warm_up) * (0.55 + 0.45 * math.cos(math.pi * late))

    def kept(self, number: int) -> float:
        """The share of the average of the weights that a step keeps."""
        return min(0.5 ** (1 / self.averaged), 1 - 10 / (number + 20))

    def half_sized_steps(self, width: int, height: int, steps: int) -> float:
        """How many of all ``steps``, from the first on, are made at half the size."""
        return self.half_sized * steps if min(width, height) >= 2 * self.smallest_half else 0
