"""What the style generator and its critics minimize."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from anonbench.generators.losses import each_inside, inside
from anonbench.generators.resample import enlarged

QUANTILES = 16
# Added to the strength of details before their logarithm is taken, of 2: half a gray level of 255.
FAINT = 0.004


def hinge_critic(real: list[Tensor], fake: list[Tensor], fill: Tensor) -> Tensor:
    """The critics' hinge loss (Lim & Ye 2017, arXiv 1705.02894, equation 5), where something is synthesized."""
    return sum(inside(F.relu(1 - r), fill) + inside(F.relu(1 + f), fill) for r, f in zip(real, fake, strict=True))


def hinge_generator(fake: list[Tensor], fill: Tensor) -> Tensor:
    """The generator's part of the hinge loss (the same paper, equation 6)."""
    return -sum(inside(f, fill) for f in fake)


def strength_difference(real: Tensor, fake: Tensor, fill: Tensor, bands: int = 3) -> Tensor:
    """How far the strength of details in ``fake`` is from that in ``real``, sample by sample, as a factor's logarithm.

    The strength of a band is the mean absolute coefficient of a Laplacian pyramid (Burt & Adelson, IEEE Trans. Comm.
    1983) where something is synthesized. It says how fine and strong a texture is, and nothing about where its edges
    are. A generator that is smoother than photographs teaches a detector that smooth things are people.
    """
    total = 0.0
    for _ in range(bands):
        strengths = [each_inside(_details(images).abs(), fill) for images in (real, fake)]
        total = total + (torch.log(strengths[0] + 1e-3) - torch.log(strengths[1] + 1e-3)).abs().mean()
        real, fake, fill = (F.avg_pool2d(x, 2) for x in (real, fake, fill))
    return total / bands


def texture_difference(real: Tensor, fake: Tensor, fill: Tensor, bands: int = 4) -> Tensor:
    """As :func:`strength_difference`, and how unevenly the details are spread.

    Sample by sample the distributions of local strength are compared, at :data:`QUANTILES` quantiles (the Wasserstein
    distance of log-strengths). It says how much of a person is flat and how strong the edges are, and nothing about
    where they lie. People who are mottled all over may have the right mean strength.
    """
    real, fake = real.float(), fake.float()
    at = (torch.arange(QUANTILES, device=real.device, dtype=real.dtype) + 0.5) / QUANTILES
    total, samples = 0.0, 0.0
    for _ in range(bands):
        outside = fill[:, 0] <= 0.5
        found = []
        for images in (real, fake):
            strength = torch.log(_local_strength(images) + FAINT)[:, 0].masked_fill(outside, torch.nan)
            found.append(torch.nanquantile(strength.flatten(1), at, dim=1))
        distance = (found[0] - found[1]).abs().mean(0)
        filled = ~outside.flatten(1).all(1)
        total, samples = total + torch.where(filled, distance, 0).sum(), samples + filled.sum()
        real, fake, fill = (F.avg_pool2d(x, 2) for x in (real, fake, fill))
    return total / samples.clamp(min=1)


def _local_strength(images: Tensor) -> Tensor:
    """(B, 1, H, W) mean absolute details around each pixel."""
    return F.avg_pool2d(_details(images).abs().mean(1, keepdim=True), 3, 1, 1)


def _details(images: Tensor) -> Tensor:
    """What is finer than two pixels, (B, C, H, W)."""
    return images - enlarged(F.avg_pool2d(images, 2), images.shape[2:])


def kullback_leibler(mean: Tensor, log_variance: Tensor) -> Tensor:
    """From N(mean, exp(log_variance)) to N(0, 1) in nats (Kingma & Welling, ICLR 2014, appendix B)."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1).mean()
