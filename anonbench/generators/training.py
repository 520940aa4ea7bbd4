"""What every kind's training offers to the training loop."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from anonbench.generators.condition import Conditions
from anonbench.generators.features import Features, mobilenet_features
from anonbench.generators.generator import Generator
from anonbench.generators.losses import perceptual_distance


class Training(nn.Module, ABC):
    """A generator, its critics, their optimizers, and one step of their training.

    ``state`` and ``restore`` hold everything that a step depends on besides its inputs, so that training resumes bit
    for bit: a training's parameters and buffers, and its ``optimizers``.

    Parameters
    ----------
    steps
        How many there will be, for schedules.
    perceptual
        The network on whose features the perceptual loss is computed; the packaged MobileNetV2 where it is None.
    """

    coarseness: ClassVar[tuple[float, float]] = (0.0, 0.0)
    """Between which bounds the coarseness of outline and pose (:func:`.condition.conditions`) is drawn in training."""

    def __init__(self, steps: int, perceptual: Features | None = None) -> None:
        super().__init__()
        self.steps = steps
        self.features, self.perceptual = mobilenet_features(), perceptual
        self.optimizers: dict[str, torch.optim.Optimizer] = {}

    @property
    @abstractmethod
    def trained(self) -> Generator:
        """The generator to write, in evaluation mode."""

    @abstractmethod
    def step(self, number: int, given: Conditions, real: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """One step of training.

        Parameters
        ----------
        number
            Counts from 0.
        given
            B conditions.
        real
            (B, 3, H, W) in -1..1: the original, zero where neither known nor to fill.
        random
            The only source of randomness, on the CPU.

        Returns
        -------
        dict
            Losses, each a tensor without gradient.
        """

    def normal(self, random: torch.Generator, *size: int) -> Tensor:
        """Standard normal numbers where the training computes; the same on every device."""
        return torch.randn(*size, generator=random).to(next(self.parameters()).device)

    def distance(self, real: Tensor, made: Tensor, fill: Tensor, features: list[list[Tensor]]) -> Tensor:
        """The perceptual distance of two batches of images within ``fill``.

        ``features`` are the batches' MobileNetV2 features, which are used where no other network is configured.
        """
        if self.perceptual is None:
            return perceptual_distance(*features, fill)
        with torch.no_grad():
            target = self.perceptual(real)
        return perceptual_distance(target, self.perceptual(made), fill)

    def state(self) -> dict[str, dict]:
        """Weights and the optimizers' states."""
        return {"weights": self.state_dict(), **{k: v.state_dict() for k, v in self.optimizers.items()}}

    def restore(self, state: dict[str, dict]) -> None:
        """The inverse of :meth:`state`."""
        self.load_state_dict(state["weights"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state[name])


def descend(optimizer: torch.optim.Optimizer, loss: Tensor, steepest: float = math.inf) -> None:
    """One step down the gradient of ``loss``, whose norm is cut to ``steepest``."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if math.isfinite(steepest):
        nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], steepest)
    optimizer.step()
