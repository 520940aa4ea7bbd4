"""The literature's simple generator: an encoder, the mask, a decoder."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anonbench.common.errors import UserError
from anonbench.generators.condition import Conditions
from anonbench.generators.generator import Generator
from anonbench.generators.shape import Shape

STAGES = 4


class Network(Generator):
    """Four strided convolutions, the mask joined to the encoding, four transposed convolutions.

    Pathak et al., CVPR 2016 (Context Encoders), with the convolutional ladder of Radford et al., ICLR 2016 (DCGAN). It
    reads the known pixels only, neither outline nor pose, and has no latent code: each place has one person.

    Parameters
    ----------
    shape
        Of width and height in px that are multiples of 16. ``channels`` are those of the first convolution, 64 in the
        literature; each following one has twice as many. Keypoints and region are not used: this generator reads no
        pose, and is the same for faces and bodies.

    Raises
    ------
    UserError
        If the size cannot be halved four times.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width, height, channels = shape.width, shape.height, shape.channels
        if width % 2**STAGES or height % 2**STAGES:
            raise UserError(
                f"The generator {shape.kind} needs a width and height that are multiples of {2**STAGES} px,"
                f" got {width} x {height}.",
                "Change the generator's size.",
            )
        self.encode = ladder(3, channels)
        wide = [8 * channels + 1, 4 * channels, 2 * channels, channels]
        layers: list[nn.Module] = []
        for inputs, outputs in zip(wide, wide[1:], strict=False):
            layers += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.decode = nn.Sequential(*layers, nn.ConvTranspose2d(channels, 3, 4, 2, 1), nn.Tanh())

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """(count, 0): no code."""
        return torch.empty(count, 0)

    def forward(self, given: Conditions, code: Tensor, noise: Tensor) -> Tensor:
        """Conditions of a batch to (B, 4, H, W): colours in -1..1, all opaque; ``code`` and ``noise`` are not used."""
        x = self.encode(given.planes[:, :3])
        made = self.decode(torch.cat([x, F.avg_pool2d(given.fill, 2**STAGES)], 1))
        return torch.cat([made, torch.ones_like(given.fill)], 1)


def ladder(inputs: int, channels: int) -> nn.Sequential:
    """The encoder, which is the discriminator's, too: 4 x 4 convolutions of stride 2, doubling their channels."""
    layers: list[nn.Module] = [nn.Conv2d(inputs, channels, 4, 2, 1), nn.LeakyReLU(0.2)]
    for i in range(1, STAGES):
        wide = channels * 2**i
        layers += [nn.Conv2d(wide // 2, wide, 4, 2, 1, bias=False), nn.BatchNorm2d(wide), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers)
