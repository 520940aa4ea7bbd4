"""A U-Net whose decoder is modulated by a person's code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from anonbench.config.generators import GeneratorConfig
from anonbench.generators.kind import Kind
from anonbench.generators.kinds.style_unet.hyperparameters import Hyperparameters
from anonbench.generators.shape import Shape

if TYPE_CHECKING:
    from anonbench.generators.features import Features
    from anonbench.generators.generator import Generator
    from anonbench.generators.training import Training


class StyleUnetConfig(GeneratorConfig):
    """``texture``: what of the details is held to that of real people, how they are ``spread`` or their ``mean``
    strength. Generators that differ in it leave different traces."""

    kind: Literal["style_unet"] = "style_unet"
    texture: Literal["spread", "mean"] = "spread"


class StyleUnet(Kind):
    """A U-Net with a co-modulated decoder, trained against critics on frozen features and on pixels.

    Parameters
    ----------
    config
        The generator's configuration.
    hyperparameters
        What training depends on besides.
    """

    Config = StyleUnetConfig
    config: StyleUnetConfig

    def __init__(self, config: StyleUnetConfig, hyperparameters: Hyperparameters | None = None) -> None:
        super().__init__(config)
        self.hyperparameters = hyperparameters or Hyperparameters()

    @staticmethod
    def network(shape: Shape) -> Generator:
        """See :class:`Kind`. Width and height are multiples of 32 px where both are 96 px or more, of 16 px below."""
        from anonbench.generators.kinds.style_unet.network import Network

        return Network(shape)

    def training(self, shape: Shape, steps: int, perceptual: Features | None = None) -> Training:
        """See :class:`Kind`."""
        from anonbench.generators.kinds.style_unet.training import StyleUnetTraining

        return StyleUnetTraining(shape, steps, perceptual, self.config.texture, self.hyperparameters)
