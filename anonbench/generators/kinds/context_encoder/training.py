"""The training of the context encoder: adversarial, reconstruction and perceptual loss."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anonbench.generators.condition import Conditions
from anonbench.generators.features import Features
from anonbench.generators.kinds.context_encoder.hyperparameters import Hyperparameters
from anonbench.generators.kinds.context_encoder.network import STAGES, Network, ladder
from anonbench.generators.losses import inside
from anonbench.generators.shape import Shape
from anonbench.generators.training import Training, descend


class Discriminator(nn.Module):
    """The encoder's ladder, ending in one logit."""

    def __init__(self, width: int, height: int, channels: int) -> None:
        super().__init__()
        kernel = height // 2**STAGES, width // 2**STAGES
        self.layers = nn.Sequential(ladder(3, channels), nn.Conv2d(8 * channels, 1, kernel), nn.Flatten(0))

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, H, W) in -1..1 to logits (B,)."""
        return self.layers(images)


class ContextEncoderTraining(Training):
    """Adam, binary cross-entropy, L1 and perceptual distance where something is synthesized.

    Parameters
    ----------
    shape
        Of the generator.
    steps, perceptual
        As of :class:`Training`.
    hyperparameters
        Rates and weights.
    """

    def __init__(
        self,
        shape: Shape,
        steps: int,
        perceptual: Features | None = None,
        hyperparameters: Hyperparameters | None = None,
    ) -> None:
        super().__init__(steps, perceptual)
        self.hyper = hyperparameters or Hyperparameters()
        self.generator = Network(shape)
        self.critic = Discriminator(shape.width, shape.height, shape.channels)
        rate, betas = self.hyper.learning_rate, self.hyper.betas
        self.optimizers = {
            "generator": torch.optim.Adam(self.generator.parameters(), rate, betas),
            "critic": torch.optim.Adam(self.critic.parameters(), rate, betas),
        }

    @property
    def trained(self) -> Network:
        """The generator itself."""
        return self.generator.eval()

    def step(self, number: int, given: Conditions, real: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """See :class:`Training`."""
        self.train()
        fake = given.composite(self.generator(given, given.fill, given.fill))
        critic = self.critic_loss(real, fake)
        descend(self.optimizers["critic"], critic)
        losses = self.generator_losses(given, real, fake)
        descend(self.optimizers["generator"], self.hyper.weights.total(losses))
        return {name: loss.detach() for name, loss in {"critic": critic, **losses}.items()}

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """What the critic minimizes: that it takes people (B, 3, H, W) for what they are."""
        yes, no = self.critic(real), self.critic(fake.detach())
        return log_loss(yes, True) + log_loss(no, False)

    def generator_losses(self, given: Conditions, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """What the generator minimizes, each without its weight."""
        fooled = self.critic(fake)
        with torch.no_grad():
            target = self.features(real)
        return {
            "adversarial": log_loss(fooled, True),
            "l1": inside((fake - real).abs(), given.fill),
            "perceptual": self.distance(real, fake, given.fill, [target, self.features(fake)]),
        }


def log_loss(logits: Tensor, real: bool) -> Tensor:
    """Binary cross-entropy of logits (B,) that should say "real" of every image, or of none."""
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits) if real else torch.zeros_like(logits))
