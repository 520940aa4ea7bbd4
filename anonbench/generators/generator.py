"""What every generator's network offers to training, measuring and anonymizing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from anonbench.generators.condition import Conditions


class Generator(nn.Module, ABC):
    """Base of every kind's network, which makes people for places.

    Only what :meth:`state_dict` holds is written, and read into an untrained network of the same shape.
    """

    @abstractmethod
    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """Latent codes of people who do not exist.

        Parameters
        ----------
        count
            How many.
        random
            On the CPU, the only source of randomness.

        Returns
        -------
        Tensor
            (count, ...) float32 on the CPU; (count, 0) for a network without codes.
        """

    @abstractmethod
    def forward(self, given: Conditions, code: Tensor, noise: Tensor) -> Tensor:
        """Synthesize a batch.

        Parameters
        ----------
        given
            The conditions, B of them, on the network's device.
        code
            (B, ...) as from :meth:`draw`.
        noise
            (B, 1, H, W) standard normal, a source of fine texture.

        Returns
        -------
        Tensor
            (B, 4, H, W): colours, -1..1 when trained, and opacity in 0..1 before the ground. Only the pixels to fill
            mean anything.
        """


def drawn(generator: nn.Module, rngs: Sequence[np.random.Generator]) -> Tensor:
    """(B, ...) codes of new people, one from each source of random numbers."""
    randoms = (torch.Generator().manual_seed(int(rng.integers(2**62))) for rng in rngs)
    return torch.cat([generator.draw(1, random) for random in randoms])
