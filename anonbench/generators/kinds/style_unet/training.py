"""The training of the style generator: critics on frozen features and on pixels, real people to reconstruct."""

from __future__ import annotations

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anonbench.generators.condition import Conditions
from anonbench.generators.features import Features
from anonbench.generators.files import Shape, build
from anonbench.generators.kinds.style_unet.codes import APPEARANCE, PALETTE
from anonbench.generators.kinds.style_unet.critics import PixelCritic, ProjectedCritic
from anonbench.generators.losses import (
    hinge_critic,
    hinge_generator,
    inside,
    kullback_leibler,
    strength_difference,
    texture_difference,
)
from anonbench.generators.training import Recipe, descend

LEARNING_RATE, CRITIC_RATE = 5e-4, 4e-4
BETAS = 0.0, 0.99
WARM_UP = 50  # steps
STRIDE = 32  # of the coarsest features
# The share of the steps that are made at half the size, which costs a third of the time; none where half of the shorter
# side would be less than so many px, at which a person is a few blots.
HALF_SIZED, SMALLEST_HALF = 0.5, 64
# Norm to which the generator's gradient is cut. Usual ones are 20 to 60; a single far larger one undoes a training.
STEEPEST = 100.0
# Half-life of the average of the generator's weights, at most so many steps; it is shorter while there are few.
AVERAGED = 350
# What of the details is held to that of real people. Generators that differ in it leave different traces.
TEXTURES = {"spread": texture_difference, "mean": strength_difference}
# Weights of the losses.
PROJECTED, PIXELS, PERCEPTUAL, L1, TEXTURE, DIVERGENCE, RANGE, COLOURS = 0.5, 1.0, 3.0, 3.0, 2.0, 0.005, 10.0, 3.0


class Encoder(nn.Module):
    """A person's appearance, as a distribution: from colours and features pooled over the cells of the code's grid.

    The conditional variational part of BicycleGAN (Zhu et al., NeurIPS 2017, section 3.2). It is kept near the normal
    distribution only so far that its scale does not run away: new codes are mixed from people's, not drawn from it.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(channels, 2 * APPEARANCE, 1)
        nn.init.normal_(self.layer.weight, std=0.01)
        nn.init.zeros_(self.layer.bias)

    def forward(self, pooled: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, rows, columns) to means and log-variances, (B, APPEARANCE, rows, columns) each."""
        return self.layer(pooled).chunk(2, 1)


class Training(Recipe):
    """Half of each batch reconstructs real people from their own latent codes, half makes people up.

    The critics see both halves, and in both each cell has to keep the colour that the code gives it. The generator
    remembers the codes of the last people whom it reconstructed. The first half of a large generator's training is at
    half the size.

    Parameters
    ----------
    shape, steps, perceptual
        As of :class:`Recipe`.
    texture
        A key of :data:`TEXTURES`.
    """

    vague = (0.0, 0.05)

    def __init__(self, shape: Shape, steps: int, perceptual: Features | None = None, texture: str = "spread") -> None:
        super().__init__(shape, steps, perceptual)
        self.texture = TEXTURES[texture]
        self.generator = build(shape)
        large = min(shape.width, shape.height) >= 2 * SMALLEST_HALF
        self.half_sized = HALF_SIZED * steps if large else 0
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        self.encoder = Encoder(3 + sum(self.features.channels[1:]))
        self.critics = nn.ModuleDict(
            {"projected": ProjectedCritic(self.features.channels, shape.keypoints), "pixels": PixelCritic()}
        )
        made = [*self.generator.parameters(), *self.encoder.parameters()]
        self.judging = [p for p in self.critics.parameters() if p.requires_grad]
        self.optimizers = {
            "generator": torch.optim.Adam(made, LEARNING_RATE, BETAS),
            "critics": torch.optim.Adam(self.judging, CRITIC_RATE, BETAS),
        }

    @property
    def trained(self) -> nn.Module:
        """The average of the generator's weights (Karras et al., ICLR 2018, section 6)."""
        return self.average.eval()

    def step(self, number: int, given: Conditions, real: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """See :class:`Recipe`."""
        self._set_rates(number)
        noise = self.normal(random, len(real), 1, *real.shape[2:])
        if number < self.half_sized:
            given, real = given.halved(), F.avg_pool2d(real, 2)
            real = real * (given.fill + given.known)
        half = (len(real) + 1) // 2
        with torch.no_grad():
            places = self.generator.places(given)
            shown = [real[:half], *self.features(real[:half])[1:]]
            shown = torch.cat([places[:half].pooled(x) for x in shown], 1)
        mean, log_variance = self.encoder(shown)
        palette = shown[:, :PALETTE]
        appearance = mean + (log_variance / 2).exp() * self.normal(random, *mean.shape)
        drawn = self.average.draw(len(real) - half, random).to(real.device)
        self._remember(number * half, torch.cat([palette, mean], 1))
        code = torch.cat([torch.cat([palette, appearance], 1), drawn])
        fake = given.composite(self.generator(given, code, noise))
        colours = (places.pooled(fake) - code[:, :PALETTE]).abs().mean()
        # The gradients of strided convolutions have a grid in them. It is never twice in the same place.
        rows, cols = torch.randint(STRIDE, (2,), generator=random).tolist()
        given, real, fake = given.rolled(rows, cols), *(torch.roll(x, (rows, cols), (2, 3)) for x in (real, fake))
        with torch.no_grad():
            target = self.features(real)
        made = self.features(fake)

        self._judge(True)
        detached = [feature.detach() for feature in made]
        projected = hinge_critic(
            self.critics["projected"](target, given), self.critics["projected"](detached, given), given.fill
        )
        pixels = hinge_critic(
            [self.critics["pixels"](real, given)], [self.critics["pixels"](fake.detach(), given)], given.fill
        )
        descend(self.optimizers["critics"], projected + pixels)

        self._judge(False)
        fill = given.fill[:half]
        losses = {
            "g_projected": hinge_generator(self.critics["projected"](made, given), given.fill),
            "g_pixels": hinge_generator([self.critics["pixels"](fake, given)], given.fill),
            "perceptual": self.distance(
                real[:half], fake[:half], fill, [[x[:half] for x in features] for features in (target, made)]
            ),
            "l1": inside((fake[:half] - real[:half]).abs(), fill),
            "texture": self.texture(real, fake, given.fill),
            "divergence": kullback_leibler(mean.flatten(1), log_variance.flatten(1)),
            # A tanh would keep them in range, too, until it saturates: then nothing is learned any more.
            "range": inside(F.relu(fake.abs() - 1), given.fill),
            "colours": colours,
        }
        weights = PROJECTED, PIXELS, PERCEPTUAL, L1, TEXTURE, DIVERGENCE, RANGE, COLOURS
        total = sum(w * x for w, x in zip(weights, losses.values(), strict=True))
        descend(self.optimizers["generator"], total, STEEPEST)
        self._average(number)
        judged = {"d_projected": projected.detach(), "d_pixels": pixels.detach()}
        return judged | {name: loss.detach() for name, loss in losses.items()}

    def _set_rates(self, number: int) -> None:
        """A linear warm-up, then constant, and down along a cosine to a tenth in the second half."""
        late = max(0.0, 2 * number / self.steps - 1)
        factor = min(1, (number + 1) / WARM_UP) * (0.55 + 0.45 * math.cos(math.pi * late))
        for name, rate in (("generator", LEARNING_RATE), ("critics", CRITIC_RATE)):
            for group in self.optimizers[name].param_groups:
                group["lr"] = rate * factor

    @torch.no_grad()
    def _remember(self, seen: int, codes: Tensor) -> None:
        """Put codes in the places of the oldest, ``seen`` having come before."""
        kept = self.average.remembered
        kept[(torch.arange(len(codes)) + seen) % len(kept)] = codes.to(kept.dtype)

    def _judge(self, learning: bool) -> None:
        for parameter in self.judging:
            parameter.requires_grad_(learning)

    @torch.no_grad()
    def _average(self, number: int) -> None:
        keep = min(0.5 ** (1 / AVERAGED), 1 - 10 / (number + 20))
        for mean, value in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            mean.lerp_(value, 1 - keep)
