"""The critics of the style generator: heads on frozen features, and one on pixels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from anonbench.generators.condition import Conditions
from anonbench.generators.resample import enlarged

PROJECTED = 64  # channels of the projected features
HIDDEN = 64


class ProjectedCritic(nn.Module):
    """Judges frozen features at four scales, mixed by fixed random projections, and the condition.

    Sauer et al., NeurIPS 2021 (Projected GANs): section 3.2, cross-channel and cross-scale mixing. The heads are
    fully convolutional and see fill, outline and keypoints, so that they judge place and pose, too.
    """

    def __init__(self, channels: tuple[int, ...], keypoints: int) -> None:
        super().__init__()
        self.across = nn.ModuleList(nn.Conv2d(c, PROJECTED, 1) for c in channels)
        self.mix = nn.ModuleList(nn.Conv2d(PROJECTED, PROJECTED, 3, padding=1) for _ in channels)
        for layer in (*self.across, *self.mix):
            nn.init.kaiming_normal_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)
            layer.requires_grad_(False)
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(PROJECTED + 2 + keypoints, HIDDEN, 3, padding=1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(HIDDEN, HIDDEN, 1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(HIDDEN, 1, 1)),
            )
            for _ in channels
        )

    def forward(self, features: list[Tensor], given: Conditions) -> list[Tensor]:
        """Feature maps of four strides to four logit maps (B, 1, h, w)."""
        mixed, above = [], None
        for across, mix, feature in reversed(list(zip(self.across, self.mix, features, strict=True))):
            x = across(feature)
            if above is not None:
                x = x + enlarged(above, x.shape[2:])
            above = mix(x)
            mixed.append(above)
        beside = [given.planes[:, 3:6:2], given.heat]
        logits = []
        for head, x in zip(self.heads, reversed(mixed), strict=True):
            here = [F.adaptive_avg_pool2d(plane, x.shape[2:]) for plane in beside if plane.shape[1]]
            logits.append(head(torch.cat([x, *here], 1)))
        return logits


class PixelCritic(nn.Module):
    """Judges small patches of pixels: texture, sharpness and seams, which frozen features pass over.

    The patch discriminator of Isola et al., CVPR 2017, spectrally normalized (Miyato et al., ICLR 2018).
    """

    def __init__(self, channels: int = 24) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            spectral_norm(nn.Conv2d(5, channels, 4, stride=2, padding=1)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(2 * channels, 4 * channels, 3, padding=1)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(4 * channels, 1, 3, padding=1)),
        )

    def forward(self, images: Tensor, given: Conditions) -> Tensor:
        """Images (B, 3, H, W) in -1..1 to a logit map (B, 1, H/4, W/4)."""
        return self.layers(torch.cat([images, given.planes[:, 3:6:2]], 1))
