"""A network that learns to put photographs of one person together, clear and anonymized ones."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, normalize

from anonbench.attacks.batches import batches
from anonbench.attacks.people import Album, Pairs

log = logging.getLogger(__name__)
DIMENSIONS = 128
_PEOPLE, _PHOTOGRAPHS = 16, 4  # a batch: of so many people so many photographs each, clear and shown
_TEMPERATURE = 0.1
_RATE = 2e-3
_SHIFT = 1  # px
_CELL = 4  # px of the coarse pixels
_BRIGHTNESS = 0.2  # standard deviations of a pixel
# A pixel that varies by less, in grey levels and relative to the one that varies most, is not amplified further.
_FLOOR, _SHARE = 0.5, 0.1
_MOST = 5.0  # standard deviations
_BATCH = 64


class Contrast:
    """Learns from the known people's pairs, by supervised contrast (Khosla et al., NeurIPS 2020).

    Everything of one person is alike, whether clear or shown, and different from everybody else in the batch.

    Parameters
    ----------
    epochs
        How often it sees every known photograph, on average.
    width
        Channels of its first layer.
    device
        Where torch computes.
    """

    CLEAR, SHOWN = DOMAINS = 0, 1

    def __init__(self, epochs: int, width: int, device: str) -> None:
        self._epochs, self._width, self._device = epochs, width, torch.device(device)

    def learn(self, known: Pairs, seed: int) -> None:
        """Learn; the same seed gives the same network."""
        rng = np.random.default_rng(seed)
        albums = known.clear, known.shown
        self._scales = [Scale.of(album.images()) for album in albums]
        pictures = [self._scales[domain](albums[domain].images()) for domain in self.DOMAINS]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._network = Encoder(self._width, pictures[0].shape[1:3])
        self._network.to(self._device)
        rows = _rows_of_people(known.clear.identities)
        people, photographs = min(_PEOPLE, len(rows)), _PHOTOGRAPHS
        steps = self._epochs * max(1, round(len(known) / (people * photographs)))
        optimizer = torch.optim.AdamW(self._network.parameters(), _RATE, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=max(2, steps))
        who = np.repeat(np.arange(people), photographs)
        who = torch.from_numpy(np.tile(who, 2)).to(self._device)
        total = 0.0
        for _ in range(steps):
            drawn = [rows[index] for index in rng.permutation(len(rows))[:people]]
            chosen = np.concatenate([rng.choice(of, photographs, replace=len(of) < photographs) for of in drawn])
            found = [
                self._network(self._tensor(augmented(pictures[domain][chosen], rng)), domain) for domain in self.DOMAINS
            ]
            loss = contrast(torch.cat(found), who)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        log.info("%d steps, mean loss %.3f", steps, total / steps)

    @torch.inference_mode()
    def embed(self, people: Album, domain: int) -> np.ndarray:
        """(N, DIMENSIONS), of each picture and of its mirror image together."""
        self._network.eval()
        found = []
        for images, count in batches(people.images(), _BATCH):
            some = self._tensor(self._scales[domain](images))
            both = self._network(some, domain) + self._network(some.flip(3), domain)
            found.append(both.cpu().numpy()[:count])
        return np.concatenate(found)

    def _tensor(self, images: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(images)).to(self._device).permute(0, 3, 1, 2)


@dataclass(frozen=True)
class Scale:
    """Every pixel relative to what it is in some pictures, so that a faint remainder counts as much as a clear picture.

    ``mean`` and ``deviation`` are (h, w, 3) float32.
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, images: np.ndarray) -> Scale:
        """That of pictures (N, h, w, 3) uint8; where they hardly vary, nothing is amplified."""
        mean, deviation = images.mean(0, dtype=np.float64), images.std(0, dtype=np.float64)
        deviation = np.maximum(deviation, max(_FLOOR, _SHARE * deviation.max()))
        return cls(mean.astype(np.float32), deviation.astype(np.float32))

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return ((images - self.mean) / self.deviation).clip(-_MOST, _MOST)


class Encoder(nn.Module):
    """Scaled pictures (B, 3, H, W) to (B, DIMENSIONS) of length 1.

    What four layers of convolutions say of the picture is added to what is linear in its coarse pixels, which takes few
    people to learn (as in "Wide & deep learning", Cheng et al., 2016). Clear and shown pictures have a first layer and
    a linear part each.

    Parameters
    ----------
    width
        Channels of the first layer.
    size
        (H, W), multiples of 16.
    """

    def __init__(self, width: int, size: tuple[int, int]) -> None:
        super().__init__()
        height, columns = size
        coarse = 3 * (height // _CELL) * (columns // _CELL)
        self.stems = nn.ModuleList(_layer(3, width) for _ in Contrast.DOMAINS)
        self.linear = nn.ModuleList(nn.Linear(coarse, DIMENSIONS) for _ in Contrast.DOMAINS)
        self.trunk = nn.Sequential(_layer(width, 2 * width), _layer(2 * width, 4 * width), _layer(4 * width, 4 * width))
        self.last = nn.Linear(4 * width * (height // 16) * (columns // 16), DIMENSIONS)

    def forward(self, images: Tensor, domain: int) -> Tensor:
        deep = self.last(self.trunk(self.stems[domain](images)).flatten(1))
        return normalize(deep + self.linear[domain](avg_pool2d(images, _CELL).flatten(1)))


def _layer(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.1))


def contrast(embeddings: Tensor, who: Tensor) -> Tensor:
    """The supervised contrastive loss of embeddings (B, D) of length 1, of the people (B,)."""
    scores = embeddings @ embeddings.T / _TEMPERATURE
    itself = torch.eye(len(who), dtype=torch.bool, device=who.device)
    logs = scores - torch.logsumexp(scores.masked_fill(itself, -torch.inf), 1, keepdim=True)
    same = (who[:, None] == who) & ~itself
    return -(logs * same).sum(1).div(same.sum(1).clamp(min=1)).mean()


def augmented(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Scaled pictures (N, h, w, 3), each shifted, maybe mirrored, and brighter or darker."""
    padded = np.pad(images, ((0, 0), (_SHIFT, _SHIFT), (_SHIFT, _SHIFT), (0, 0)), mode="edge")
    height, width = images.shape[1:3]
    moves = rng.integers(0, 2 * _SHIFT + 1, (len(images), 2))
    result = np.stack([one[y : y + height, x : x + width] for one, (y, x) in zip(padded, moves, strict=True)])
    mirrored = rng.random(len(images)) < 0.5
    result[mirrored] = result[mirrored, :, ::-1]
    return result + rng.normal(0, _BRIGHTNESS, (len(images), 1, 1, 1)).astype(np.float32)


def _rows_of_people(identities: np.ndarray) -> list[np.ndarray]:
    return [np.flatnonzero(identities == identity) for identity in np.unique(identities)]
