"""The latent codes of the style generator: how real people look, and people who do not exist in between.

A code is a grid laid over the person (:mod:`.places`). Each of its cells holds a palette, its mean colour, and an
appearance, ``APPEARANCE`` numbers that are learned. A generator that gets colours need not find out what a code's
numbers are for, and does not make everybody gray; and one that knows where on the person a detail is need not give
everybody the same detail in the same place.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from anonbench.generators.kinds.style_unet.hyperparameters import CodeMixing

PALETTE, APPEARANCE = 3, 4
CODE = PALETTE + APPEARANCE


class Stock(nn.Module, ABC):
    """What new people's codes are drawn from, which the generator's file holds."""

    GRID: ClassVar[tuple[int, int]]
    """Rows and columns of a code."""
    SEEN: ClassVar[int]
    """From how many real people's codes it is made."""

    @abstractmethod
    def learn(self, codes: Tensor, step: int) -> None:
        """Be made from the (N, CODE, rows, columns) codes of the last real people, N up to ``SEEN``, after a step."""

    @abstractmethod
    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """(count, CODE, rows, columns) codes of people who do not exist, on the CPU.

        ``random`` is on the CPU, so that all devices draw the same.
        """


class Wardrobe(Stock):
    """Bodies: the codes of real people, whose parts are put together (:func:`mixed`).

    At the size of the grid a person's own picture shows neither face nor print.
    """

    GRID = (16, 6)
    SEEN = 256

    def __init__(self, mixing: CodeMixing | None = None) -> None:
        super().__init__()
        self.mixing = mixing or CodeMixing()
        self.register_buffer("remembered", torch.randn(self.SEEN, CODE, *self.GRID) * 0.5)

    @torch.no_grad()
    def learn(self, codes: Tensor, step: int) -> None:
        """See :class:`Stock`."""
        self.remembered[: len(codes)] = codes.to(self.remembered.dtype)

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """See :class:`Stock`."""
        return mixed(self.remembered, count, random, self.mixing)


class Eigenfaces(Stock):
    """Faces: the mean of real people's codes and the directions in which they differ most.

    A new face is drawn from the normal distribution of that mean and covariance (Sirovich & Kirby, "Low-dimensional
    procedure for the characterization of human faces", 1987). Its grid shows eyes and mouth, so no single person's code
    is kept: the file holds ``AXES`` directions of all, and every new face has a part of everybody.
    """

    GRID = (16, 16)
    SEEN = 1024
    AXES = 64
    SPREAD = 0.8
    """By how much of what real people differ by new ones do: the tails of a normal distribution are no faces."""
    EVERY = 50
    """Steps between two computations of the directions."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(CODE, *self.GRID))
        self.register_buffer("axes", torch.zeros(self.AXES, CODE, *self.GRID))

    @torch.no_grad()
    def learn(self, codes: Tensor, step: int) -> None:
        """See :class:`Stock`."""
        if step % self.EVERY or len(codes) < 2:
            return
        codes = codes.cpu().double()
        mean = codes.mean(0)
        apart = (codes - mean).flatten(1)
        # The eigenvectors of the N x N products give those of the far larger covariance.
        _, vectors = torch.linalg.eigh(apart @ apart.T)
        axes = (vectors.flip(1).T @ apart)[: self.AXES] / len(codes) ** 0.5
        self.mean.copy_(mean)
        self.axes.zero_()
        self.axes[: len(axes)] = axes.unflatten(1, mean.shape).to(self.axes.dtype)

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """See :class:`Stock`."""
        drawn = self.SPREAD * torch.randn(count, self.AXES, generator=random)
        return self.mean.cpu() + torch.einsum("na,acij->ncij", drawn, self.axes.cpu())


def mixed(known: Tensor, count: int, random: torch.Generator, mixing: CodeMixing) -> Tensor:
    """(count, CODE, rows, columns) codes of people who do not exist, on the CPU.

    Each has the head of one person, the upper half of a second and the lower half of a third, tinted and jittered, so
    that nobody's code comes back. Drawing from what real people look like needs no assumption of how their codes are
    distributed.

    Parameters
    ----------
    known
        (N, CODE, rows, columns) codes of real people.
    random
        On the CPU, so that all devices draw the same.
    mixing
        Where the parts meet and by how much they are changed.
    """
    known = known.detach().cpu()
    sources = known[torch.randint(len(known), (3, count), generator=random)]
    rows = known.shape[2]
    neck, waist = (a + (b - a) * torch.rand(count, 1, generator=random) for a, b in (mixing.neck, mixing.waist))
    height = (torch.arange(rows) + 0.5) / rows
    part = (height > neck).long() + (height > waist)
    spread = mixing.jitter * known.std(0, correction=0)
    spread[:PALETTE] = mixing.tint
    noise = torch.randn(3, count, PALETTE, 1, 1, generator=random).expand(-1, -1, -1, *known.shape[2:])
    noise = torch.cat([noise, torch.randn(3, count, APPEARANCE, *known.shape[2:], generator=random)], 2)
    candidates = sources + spread * noise
    return candidates.gather(0, part[None, :, None, :, None].expand(1, *candidates.shape[1:]))[0]
