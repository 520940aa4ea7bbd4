"""A small network that learns to restore from pairs."""

from __future__ import annotations

import logging
import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, pixel_unshuffle

from anonbench.attacks.attack import Case
from anonbench.attacks.batches import batches
from anonbench.attacks.people import Album
from anonbench.attacks.restoring.restorer import Restorer

log = logging.getLogger(__name__)
_BATCH = 16
_RATE = 3e-3


class UNet(Restorer):
    """A U-Net (Ronneberger et al., MICCAI 2015), which learns what is missing from the known people's pairs.

    It needs no operator: it restores what any method leaves, and guesses the rest as the known people's mean.

    Parameters
    ----------
    epochs
        How often it sees every known photograph.
    channels
        Of its finest level; each coarser one has twice as many.
    """

    def __init__(self, epochs: int, channels: int) -> None:
        self.epochs, self.channels = epochs, channels

    def learn(self, case: Case) -> None:
        self._device = torch.device(case.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(case.seed)
            self._network = Network(self.channels)
        self._network.to(self._device)
        rng = np.random.default_rng(case.seed)
        shown, clear = _inputs(case.known.shown), case.known.clear.images()
        steps = self.epochs * math.ceil(len(shown) / _BATCH)
        optimizer = torch.optim.AdamW(self._network.parameters(), _RATE, weight_decay=1e-4)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
        for epoch in range(self.epochs):
            total = 0.0
            for rows in np.array_split(rng.permutation(len(shown)), math.ceil(len(shown) / _BATCH)):
                given, wanted = self._tensor(shown[rows]), self._tensor(clear[rows])
                if rng.random() < 0.5:
                    given, wanted = given.flip(3), wanted.flip(3)
                inside = given[:, 3:] / 255
                loss = ((self._network(given) - wanted / 255).abs() * inside).sum() / inside.sum().clamp(min=1)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                total += float(loss.detach()) * len(rows)
            log.info("epoch %d of %d: mean error %.2f grey levels", epoch + 1, self.epochs, 85 * total / len(shown))

    @torch.inference_mode()
    def restored(self, people: Album) -> np.ndarray:
        self._network.eval()
        pictures = []
        for inputs, count in batches(_inputs(people), _BATCH):
            some = self._network(self._tensor(inputs)).permute(0, 2, 3, 1).cpu().numpy()[:count]
            pictures.append((255 * some).round().clip(0, 255).astype(np.uint8))
        return np.concatenate(pictures)

    def _tensor(self, images: np.ndarray) -> Tensor:
        return torch.from_numpy(images).to(self._device).permute(0, 3, 1, 2).float()


def _inputs(people: Album) -> np.ndarray:
    """(N, h, w, 4) uint8: pictures and masks."""
    return np.concatenate([people.images(), people.masks()[..., None].view(np.uint8) * 255], 3)


class Network(nn.Module):
    """Pictures and masks (B, 4, H, W) in 0..255 to pictures (B, 3, H, W) in 0..1; H and W are multiples of 8."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        c = channels
        self.fine, self.middle, self.coarse = _block(16, c), _block(c, 2 * c, 2), _block(2 * c, 4 * c, 2)
        self.lowest = _block(4 * c, 4 * c)
        self.up, self.top = _block(4 * c + 2 * c, 2 * c), _block(2 * c + c, c)
        self.last = nn.Conv2d(c, 12, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, images: Tensor) -> Tensor:
        images = images / 255
        fine = self.fine(pixel_unshuffle(images - 0.5, 2))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        coarse = coarse + self.lowest(coarse)
        middle = self.up(torch.cat([interpolate(coarse, scale_factor=2.0), middle], 1))
        fine = self.top(torch.cat([interpolate(middle, scale_factor=2.0), fine], 1))
        return images[:, :3] + pixel_shuffle(self.last(fine), 2)


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.GroupNorm(1, outputs), nn.LeakyReLU(0.1)
    )
