"""The network: a U-Net with co-modulated decoder whose skips carry only known pixels."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anonbench.common.errors import UserError
from anonbench.generators.condition import HEAT_STRIDE, PLANES, Conditions
from anonbench.generators.generator import Generator
from anonbench.generators.kinds.style_unet.codes import CODE, PALETTE, Eigenfaces, Wardrobe
from anonbench.generators.kinds.style_unet.hyperparameters import CodeMixing, Opacity
from anonbench.generators.kinds.style_unet.places import Places, aligned, on_bodies, on_faces
from anonbench.generators.resample import enlarged, resized
from anonbench.generators.shape import Shape
from anonbench.regions.anatomy import standing_bones
from anonbench.regions.landmarks import LANDMARKS

STYLE = 128  # width of the style vector
BELTS = 4  # parts of a person's height, each of which the code is summed up over for the style
WIDEST = 8  # channels never exceed this many times those of the finest stage


class ModulatedConv(nn.Module):
    """A convolution of a normalized input whose channels are scaled by a style, and demodulated; then noise.

    Karras et al., CVPR 2020 (StyleGAN2), section 2.2, in its form without per-sample weights: scaling the input and
    dividing the output by the norm of the scaled weights is the same and needs one convolution for the whole batch.
    Demodulation takes the input to be of unit strength; where nothing keeps it so, a style that prefers the strong
    channels doubles it from layer to layer, until images of a hundred times their range undo the training. So each
    sample is divided by its root mean square.
    """

    def __init__(self, inputs: int, outputs: int, size: int = 3) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size) / math.sqrt(inputs * size**2))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise = nn.Parameter(torch.zeros(outputs))
        self.style = nn.Linear(STYLE, inputs)
        nn.init.normal_(self.style.weight, std=1 / math.sqrt(STYLE))
        nn.init.ones_(self.style.bias)

    def forward(self, x: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        x = x * ((x**2).mean((1, 2, 3), keepdim=True) + 1e-8).rsqrt()
        scale = self.style(style)
        strength = (self.weight**2).sum((2, 3)) @ (scale**2).T  # (outputs, B)
        x = F.conv2d(x * scale[:, :, None, None], self.weight, padding=self.weight.shape[-1] // 2)
        x = x * (strength.T + 1e-8).rsqrt()[:, :, None, None]
        x = x + noise * self.noise[:, None, None] + self.bias[:, None, None]
        return F.leaky_relu(x, 0.2) * math.sqrt(2)


class Network(Generator):
    """From conditions and a latent code to an image.

    An encoder reads the known surroundings, what to fill, outline and keypoints. Its features reach the decoder through
    skips, weighted by the share of known pixels beneath them, and, with a summary of the latent code, as the style that
    modulates every convolution (co-modulation: Zhao et al., ICLR 2021). The code itself is laid out over the person
    (:mod:`.places`), as a condition, and its palette is the image to which the network adds.

    What it makes is a person, and how opaque the person is at each pixel: the ground shows around the person. The
    network decides where the outline is vague.

    Every stage of the decoder adds to the image, and the conditions enter at the two finest stages (Karras et al., CVPR
    2020, figure 7), so that training can begin at half the size.

    Parameters
    ----------
    shape
        Of width and height in px that are multiples of 32 where both are 96 px or more, of 16 below. ``channels`` are
        those of the finest stage; each coarser one has twice as many, up to eight times. There is one heat-map for each
        keypoint. The region decides the code's grid.
    mixing, opacity
        Parameters that decide no tensor.

    Raises
    ------
    UserError
        If the size cannot be halved often enough.
    """

    def __init__(self, shape: Shape, mixing: CodeMixing | None = None, opacity: Opacity | None = None) -> None:
        super().__init__()
        self.opacity = opacity or Opacity()
        width, height, channels, keypoints = shape.width, shape.height, shape.channels, shape.keypoints
        self.region = shape.region
        if self.region == "face":
            unknown = [name for name in shape.keypoint_names if name not in LANDMARKS]
            if unknown:
                raise UserError(
                    f"The generator {shape.kind} knows no landmark {unknown[0]!r} of a face.",
                    f"Its landmarks are {', '.join(LANDMARKS)}.",
                )
            self.register_buffer("aligned", aligned(shape.keypoint_names), persistent=False)
        else:
            for name, array in zip(("bones", "standing"), standing_bones(shape.keypoint_names), strict=True):
                self.register_buffer(name, torch.from_numpy(array), persistent=False)
        depth = int(math.log2(min(width, height) / 3))
        if width % 2**depth or height % 2**depth:
            raise UserError(
                f"The generator {shape.kind} needs a width and height that are multiples of {2**depth} px,"
                f" got {width} x {height}.",
                "Change the generator's size.",
            )
        wide = [channels * min(2**i, WIDEST) for i in range(depth + 1)]
        self.heat_at = int(math.log2(HEAT_STRIDE))

        def down(i: int) -> nn.Module:
            extra = keypoints if i == self.heat_at + 1 else 0
            return nn.Conv2d(wide[i - 1] + extra, wide[i], 4, stride=2, padding=1)

        self.enter = nn.ModuleList(nn.Conv2d(PLANES, wide[i], 3, padding=1) for i in range(2))
        self.down = nn.ModuleList(down(i) for i in range(1, depth + 1))
        self.map = nn.Sequential(
            nn.Linear(CODE * BELTS + wide[-1], 2 * STYLE),
            nn.LeakyReLU(0.2),
            nn.Linear(2 * STYLE, STYLE),
            nn.LeakyReLU(0.2),
        )
        self.bottom = ModulatedConv(wide[-1], wide[-1])
        self.up, self.fuse, self.refine, self.tell, self.leave = (nn.ModuleList() for _ in range(5))
        for i in reversed(range(depth)):
            self.up.append(nn.Conv2d(wide[i + 1], wide[i], 1))
            self.fuse.append(nn.Conv2d(wide[i], wide[i], 1))
            inputs = 2 + CODE + (keypoints if i >= self.heat_at else 0)
            self.tell.append(nn.Conv2d(inputs, wide[i], 1))
            self.refine.append(nn.ModuleList([ModulatedConv(wide[i], wide[i]) for _ in range(1 if i == 0 else 2)]))
            self.leave.append(nn.Conv2d(wide[i], 4, 1))
        self.stock = Eigenfaces() if self.region == "face" else Wardrobe(mixing)
        # The finest stage adds nothing until it is trained.
        for layer in (self.down[0], self.leave[-1]):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """(count, CODE, rows, columns) codes of people who do not exist (:mod:`.codes`)."""
        return self.stock.draw(count, random)

    def places(self, given: Conditions) -> Places:
        """Where codes lie on the people of a batch."""
        if self.region == "face":
            return on_faces(given.outline, given.fill, self.stock.GRID, given.heat, self.aligned)
        return on_bodies(given.outline, given.fill, self.stock.GRID, given.heat, self.bones, self.standing)

    def forward(self, given: Conditions, code: Tensor, noise: Tensor) -> Tensor:
        """Synthesize a batch.

        Parameters
        ----------
        given
            The conditions, B of them, or the same halved: the finest stage is then left out, and so is half of the
            output's size.
        code
            (B, CODE, rows, columns): in each cell of the grid the palette's red, green and blue, -1..1, and the numbers
            of the appearance.
        noise
            (B, 1, H, W) standard normal at the network's own size, the source of fine texture.

        Returns
        -------
        Tensor
            (B, 4, H, W), the whole window: colours, -1..1 when trained, and opacity in 0..1. Only the pixels to fill
            mean anything.
        """
        finest = given.halvings
        skips: list[Tensor | None] = [None] * finest
        x = None
        for i in range(finest, len(self.down) + 1):
            if x is not None:
                if i == self.heat_at + 1 and given.heat.shape[1]:
                    x = torch.cat([x, given.heat], 1)
                x = self.down[i - 1](x)
            if i < len(self.enter):
                entered = self.enter[i](F.avg_pool2d(given.planes, 2 ** (i - finest)))
                x = entered if x is None else x + entered
            x = F.leaky_relu(x, 0.2)
            skips.append(x)
        summary = torch.cat([belt.mean((2, 3)) for belt in code.tensor_split(BELTS, 2)], 1)
        style = self.map(torch.cat([summary, x.mean((2, 3))], 1))
        laid = self.places(given).laid(code)
        x = self.bottom(x, style, _coarser(noise, len(self.down)))
        image = None
        stages = reversed(range(finest, len(self.down)))
        for i, up, fuse, tell, refine, leave in zip(
            stages, self.up, self.fuse, self.tell, self.refine, self.leave, strict=False
        ):
            x = enlarged(up(x), [2 * side for side in x.shape[2:]])
            known = F.avg_pool2d(given.known, 2 ** (i - finest))
            beside = [F.avg_pool2d(given.planes[:, 3:6:2], 2 ** (i - finest))]
            beside.append(resized(laid, x.shape[2:]))
            if i >= self.heat_at and given.heat.shape[1]:
                beside.append(F.avg_pool2d(given.heat, 2 ** (i - self.heat_at)))
            x = x + fuse(skips[i] * known) + tell(torch.cat(beside, 1))
            for layer in refine:
                x = layer(x, style, _coarser(noise, i))
            image = leave(x) if image is None else leave(x) + resized(image, x.shape[2:])
        person, opaque = image.split((3, 1), 1)
        person = person + resized(laid[:, :PALETTE], person.shape[2:])
        opaque = self.opacity.outlined * (2 * given.outline - 1) + self.opacity.added * torch.tanh(opaque)
        return torch.cat([person, torch.sigmoid(opaque)], 1)


def _coarser(noise: Tensor, i: int) -> Tensor:
    """White noise of a coarser stage: every 2^i-th value."""
    return noise[:, :, :: 2**i, :: 2**i]
