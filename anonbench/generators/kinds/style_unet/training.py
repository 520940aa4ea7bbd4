"""The training of the style generator: critics on frozen features and on pixels, real people to reconstruct."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anonbench.generators.condition import Conditions
from anonbench.generators.features import Features
from anonbench.generators.kinds.style_unet.codes import CODE, PALETTE
from anonbench.generators.kinds.style_unet.critics import PixelCritic, ProjectedCritic
from anonbench.generators.kinds.style_unet.encoder import Encoder
from anonbench.generators.kinds.style_unet.hyperparameters import Hyperparameters
from anonbench.generators.kinds.style_unet.losses import (
    hinge_critic,
    hinge_generator,
    kullback_leibler,
    strength_difference,
    texture_difference,
)
from anonbench.generators.kinds.style_unet.network import Network
from anonbench.generators.losses import inside
from anonbench.generators.shape import Shape
from anonbench.generators.training import Training, descend

# What of the details is held to that of real people.
TEXTURES = {"spread": texture_difference, "mean": strength_difference}


@dataclass(frozen=True)
class Batch:
    """What the losses of a step are computed from. The first half of the B people is to be the real ones again.

    Parameters
    ----------
    given
        The conditions.
    real, fake
        (B, 3, H, W) in -1..1, the originals and what the generator made of them.
    code
        (B, CODE, rows, columns): whom it was to make.
    target, made
        The frozen features of originals and fakes; no gradient flows through the first.
    mean, log_variance
        (B / 2, APPEARANCE, rows, columns): the appearance of the real people whom the first half is to be.
    colours
        How far each cell's colour is from its code's, mean absolute difference.
    """

    given: Conditions
    real: Tensor
    fake: Tensor
    code: Tensor
    target: list[Tensor]
    made: list[Tensor]
    mean: Tensor
    log_variance: Tensor
    colours: Tensor

    @property
    def half(self) -> slice:
        """The people who are to be the real ones again."""
        return slice(0, len(self.mean))


class StyleUnetTraining(Training):
    """Half of each batch reconstructs real people from their own latent codes, half makes people up.

    The critics see both halves, and in both each cell has to keep the colour that the code gives it. The generator
    remembers the codes of the last people whom it reconstructed. The first half of a large generator's training is at
    half the size.

    Parameters
    ----------
    shape
        Of the generator.
    steps, perceptual
        As of :class:`Training`.
    texture
        A key of :data:`TEXTURES`.
    hyperparameters
        Rates, weights, and the like.
    """

    coarseness = (0.0, 0.05)

    def __init__(
        self,
        shape: Shape,
        steps: int,
        perceptual: Features | None = None,
        texture: str = "spread",
        hyperparameters: Hyperparameters | None = None,
    ) -> None:
        super().__init__(steps, perceptual)
        self.hyper = hyperparameters or Hyperparameters()
        self.texture = TEXTURES[texture]
        self.generator = Network(shape, self.hyper.mixing, self.hyper.opacity)
        self.half_sized = self.hyper.half_sized_steps(*shape.size, steps)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        stock = self.average.stock
        self.register_buffer("codes", torch.zeros(stock.SEEN, CODE, *stock.GRID))
        self.encoder = Encoder(3 + sum(self.features.channels[1:]))
        self.critics = nn.ModuleDict(
            {"projected": ProjectedCritic(self.features.channels, shape.keypoints), "pixels": PixelCritic()}
        )
        learning = [*self.generator.parameters(), *self.encoder.parameters()]
        self.judging = [p for p in self.critics.parameters() if p.requires_grad]
        self.rates = {"generator": self.hyper.learning_rate, "critics": self.hyper.critic_rate}
        self.optimizers = {
            "generator": torch.optim.Adam(learning, self.rates["generator"], self.hyper.betas),
            "critics": torch.optim.Adam(self.judging, self.rates["critics"], self.hyper.betas),
        }

    @property
    def trained(self) -> Network:
        """The average of the generator's weights (Karras et al., ICLR 2018, section 6)."""
        return self.average.eval()

    def step(self, number: int, given: Conditions, real: Tensor, random: torch.Generator) -> dict[str, Tensor]:
        """See :class:`Training`."""
        self.set_rates(number)
        batch = self.encode(number, given, real, random)
        judged = self.critics_losses(batch)
        descend(self.optimizers["critics"], sum(judged.values()))
        losses = self.generator_losses(batch)
        descend(self.optimizers["generator"], self.hyper.weights.total(losses), self.hyper.steepest)
        self.follow(number)
        return {name: loss.detach() for name, loss in (judged | losses).items()}

    def set_rates(self, number: int) -> None:
        """Set the optimizers' rates to those of a step."""
        factor = self.hyper.rate_factor(number, self.steps)
        for name, rate in self.rates.items():
            for group in self.optimizers[name].param_groups:
                group["lr"] = rate * factor

    def encode(self, number: int, given: Conditions, real: Tensor, random: torch.Generator) -> Batch:
        """Find the codes of the first half of the people, mix codes for the others, and make all of them."""
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
        mixed = self.average.draw(len(real) - half, random).to(real.device)
        self.remember(number * half, torch.cat([palette, mean], 1))
        code = torch.cat([torch.cat([palette, appearance], 1), mixed])
        fake = given.composite(self.generator(given, code, noise))
        colours = (places.pooled(fake) - code[:, :PALETTE]).abs().mean()
        # The gradients of strided convolutions have a grid in them. It is never twice in the same place.
        rows, cols = torch.randint(self.hyper.moved, (2,), generator=random).tolist()
        given, real, fake = given.rolled(rows, cols), *(torch.roll(x, (rows, cols), (2, 3)) for x in (real, fake))
        with torch.no_grad():
            target = self.features(real)
        return Batch(given, real, fake, code, target, self.features(fake), mean, log_variance, colours)

    def critics_losses(self, batch: Batch) -> dict[str, Tensor]:
        """What each critic minimizes: that it takes people for what they are."""
        self._let_critics_learn(True)
        projected, pixels = self.critics["projected"], self.critics["pixels"]
        given, fill = batch.given, batch.given.fill
        made = [feature.detach() for feature in batch.made]
        return {
            "d_projected": hinge_critic(projected(batch.target, given), projected(made, given), fill),
            "d_pixels": hinge_critic([pixels(batch.real, given)], [pixels(batch.fake.detach(), given)], fill),
        }

    def generator_losses(self, batch: Batch) -> dict[str, Tensor]:
        """What the generator and its encoder minimize, each without its weight."""
        self._let_critics_learn(False)
        given, fill, half = batch.given, batch.given.fill, batch.half
        return {
            "g_projected": hinge_generator(self.critics["projected"](batch.made, given), fill),
            "g_pixels": hinge_generator([self.critics["pixels"](batch.fake, given)], fill),
            "perceptual": self.distance(
                batch.real[half],
                batch.fake[half],
                fill[half],
                [[feature[half] for feature in features] for features in (batch.target, batch.made)],
            ),
            "l1": inside((batch.fake[half] - batch.real[half]).abs(), fill[half]),
            "texture": self.texture(batch.real, batch.fake, fill),
            "divergence": kullback_leibler(batch.mean.flatten(1), batch.log_variance.flatten(1)),
            # A tanh would keep them in range, too, until it saturates: then nothing is learned any more.
            "range": inside(F.relu(batch.fake.abs() - 1), fill),
            "colours": batch.colours,
        }

    @torch.no_grad()
    def remember(self, seen: int, codes: Tensor) -> None:
        """Put codes in the places of the oldest, ``seen`` having come before, and have new people drawn from all."""
        self.codes[(torch.arange(len(codes)) + seen) % len(self.codes)] = codes.to(self.codes.dtype)
        self.average.stock.learn(self.codes[: seen + len(codes)], seen // len(codes))

    @torch.no_grad()
    def follow(self, number: int) -> None:
        """Let the average of the weights follow those of a step."""
        keep = self.hyper.kept(number)
        for mean, value in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            mean.lerp_(value, 1 - keep)

    def _let_critics_learn(self, learning: bool) -> None:
        for parameter in self.judging:
            parameter.requires_grad_(learning)
