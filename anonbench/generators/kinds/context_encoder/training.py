"""The training of the context encoder: adversarial, reconstruction and perceptual loss."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anonbench.generators.condition import Conditions
from anonbench.generators.features import Features
from anonbench.generators.files import Shape, build
from anonbench.generators.kinds.context_encoder.network import STAGES, ladder
from anonbench.generators.losses import inside
from anonbench.generators.training import Recipe, descend

LEARNING_RATE = 2e-4
BETAS = 0.5, 0.999
# Weights of the losses: reconstruction leads, as in Pathak et al., section 3.2.
RECONSTRUCTION, PERCEPTUAL, ADVERSARIAL = 10.0, 1.0, 1.0


class Discriminator(nn.Module):
    """The encoder's ladder, ending in one logit."""

    def __init__(self, width: int, height: int, channels: int) -> None:
        super().__init__()
        kernel = height // 2**STAGES, width // 2**STAGES
        self.layers = nn.Sequential(ladder(3, channels), nn.Conv2d(8 * channels, 1, kernel), nn.Flatten(0))

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, H, W) in -1..1 to logits (B,)."""
        return self.layers(images)


class Training(Recipe):
    """Adam, binary cross-entropy, L1 and perceptual distance where something is synthesized."""

    def __init__(self, shape: Shape, steps: int, perceptual: Features | None = None) -> None:
        super().__init__(shape, steps, perceptual)
        self.generator = build(shape)
        self.critic = Discriminator(shape.width, shape.height, shape.channels)
        self.optimizers = {
            "generator": torch.optim.Adam(self.generator.parameters(), LEARNING_RATE, BETAS),
            "critic": torch.optim.Adam(self.critic.parameters(), LEARNING_RATE, BETAS),
        }

    @property
    def trained(self) -> nn.Module:
        """The generator itself."""
        return self.generator.eval()

    def step(self, number: int, given: Conditions, real: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """See :class:`Recipe`."""
        self.train()
        fake = given.composite(self.generator(given, given.fill, given.fill))
        yes, no = self.critic(real), self.critic(fake.detach())
        critic = F.binary_cross_entropy_with_logits(yes, torch.ones_like(yes)) + F.binary_cross_entropy_with_logits(
            no, torch.zeros_like(no)
        )
        descend(self.optimizers["critic"], critic)
        fooled = self.critic(fake)
        with torch.no_grad():
            target = self.features(real)
        losses = {
            "adversarial": F.binary_cross_entropy_with_logits(fooled, torch.ones_like(fooled)),
            "l1": inside((fake - real).abs(), given.fill),
            "perceptual": self.distance(real, fake, given.fill, [target, self.features(fake)]),
        }
        total = ADVERSARIAL * losses["adversarial"] + RECONSTRUCTION * losses["l1"] + PERCEPTUAL * losses["perceptual"]
        descend(self.optimizers["generator"], total)
        return {"critic": critic.detach(), **{name: loss.detach() for name, loss in losses.items()}}
