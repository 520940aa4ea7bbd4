"""What a kind of generator owes."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from anonbench.common.plugins import Plugin
from anonbench.config.generators import GeneratorConfig
from anonbench.generators.shape import Shape

# Not imported otherwise: the configuration is checked against the kinds before any job runs, and torch takes its time.
if TYPE_CHECKING:
    from anonbench.generators.features import Features
    from anonbench.generators.generator import Generator
    from anonbench.generators.training import Training


class Kind(Plugin):
    """Base of the kinds of generator: how one is built, and how it learns.

    A kind is a module of :mod:`anonbench.generators.kinds` or of a user's folder ``kinds``. It imports torch inside its
    methods only.
    """

    Config: ClassVar[type[GeneratorConfig]] = GeneratorConfig
    """The keys of a generator of this kind: those of :class:`GeneratorConfig`, with ``kind`` limited to the plug-in's
    name, and its own."""
    config: GeneratorConfig

    @staticmethod
    @abstractmethod
    def network(shape: Shape) -> Generator:
        """The untrained network, whose weights may be drawn from torch's global generator.

        The shape alone decides its tensors, so that a generator's file can be read without a configuration.

        Raises
        ------
        UserError
            If the network cannot have this size.
        """

    @abstractmethod
    def training(self, shape: Shape, steps: int, perceptual: Features | None = None) -> Training:
        """The training of a new network.

        Parameters
        ----------
        shape
            Of the network.
        steps
            How many there will be, for schedules.
        perceptual
            The network on whose features the perceptual loss is computed; the packaged MobileNetV2 where it is None.

        Raises
        ------
        UserError
            If the network cannot have this size.
        """
