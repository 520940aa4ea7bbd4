"""The literature's simple generator, for comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from anonbench.config.generators import GeneratorConfig
from anonbench.generators.kind import Kind
from anonbench.generators.kinds.context_encoder.hyperparameters import Hyperparameters
from anonbench.generators.shape import Shape

if TYPE_CHECKING:
    from anonbench.generators.features import Features
    from anonbench.generators.generator import Generator
    from anonbench.generators.training import Training


class ContextEncoderConfig(GeneratorConfig):
    """It has no keys of its own."""

    kind: Literal["context_encoder"] = "context_encoder"


class ContextEncoder(Kind):
    """The literature's simple generator, for comparison: it reads the surroundings alone and has no latent code.

    Parameters
    ----------
    config
        The generator's configuration.
    hyperparameters
        What training depends on besides.
    """

    Config = ContextEncoderConfig
    config: ContextEncoderConfig

    def __init__(self, config: ContextEncoderConfig, hyperparameters: Hyperparameters | None = None) -> None:
        super().__init__(config)
        self.hyperparameters = hyperparameters or Hyperparameters()

    @staticmethod
    def network(shape: Shape) -> Generator:
        """See :class:`Kind`. Width and height are multiples of 16 px."""
        from anonbench.generators.kinds.context_encoder.network import Network

        return Network(shape)

    def training(self, shape: Shape, steps: int, perceptual: Features | None = None) -> Training:
        """See :class:`Kind`."""
        from anonbench.generators.kinds.context_encoder.training import ContextEncoderTraining

        return ContextEncoderTraining(shape, steps, perceptual, self.hyperparameters)
