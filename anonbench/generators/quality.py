"""How good generated people are: realism, diversity, fit to the surroundings, and distance from the training people."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from anonbench.generators.condition import Conditions, View, conditions
from anonbench.generators.crops import Crops, center_views
from anonbench.generators.features import Features, mobilenet_features
from anonbench.generators.generator import drawn
from anonbench.generators.losses import perceptual_distance

# People that are looked at, and how many at once.
MOST, BATCH = 256, 16
# The pose is as exact, and the region grown as far (of the person's longer side), as at an anonymizer's medium level.
GROW, COARSENESS = 0.02, 0.01


@dataclass(frozen=True)
class Quality:
    """Measures of one generator on the people that it learned from.

    Parameters
    ----------
    frechet_mobilenet_v2
        Fréchet distance between generated and real windows on the packaged MobileNetV2's pooled features of stride 32
        (the distance of Heusel et al., NeurIPS 2017, on another network: not comparable with Inception's FID).
    diversity
        Mean :func:`.losses.perceptual_distance` between two people generated for the same place from two
        latent codes.
    context_error
        Mean absolute difference in 0..255 between neighbouring pixels on the two sides of the filled region's border.
    context_error_real
        The same in the originals: below it there is no seam to see.
    nearest_training_crop
        Median over generated people of the cosine distance to the nearest training person, features pooled over the
        person alone.
    nearest_training_crop_real
        The same for real training people and their nearest other one: copies would be much nearer than this.
    nearest_is_own
        Share of generated people whose nearest training person is the one whom they replace (chance: 1 / people).
    people
        How many were looked at.
    fid
        Fréchet Inception distance (Heusel et al.) between generated and real windows, where Inception's weights are
        configured. From so few people it is biased upwards: compare it between generators of one dataset only.
    """

    frechet_mobilenet_v2: float
    diversity: float
    context_error: float
    context_error_real: float
    nearest_training_crop: float
    nearest_training_crop_real: float
    nearest_is_own: float
    people: int
    fid: float | None = None

    def rounded(self) -> dict[str, float]:
        """To five digits behind the point, by name; without what was not measured."""
        return {name: round(value, 5) for name, value in asdict(self).items() if value is not None}


@torch.no_grad()
def measure(
    generator: nn.Module, crops: Crops, seed: int, device: torch.device, inception: nn.Module | None = None
) -> Quality:
    """Measure a generator on at most ``MOST`` of its crops.

    Parameters
    ----------
    generator
        In evaluation mode, on ``device``.
    crops
        What it learned from.
    seed
        Of the choice of people and of their latent codes.
    inception
        From images in -1..1 to the features of FID (:class:`anonbench.generators.inception.Inception`), or None.
    """
    rng = np.random.default_rng([seed, 1])
    indices = np.sort(rng.permutation(len(crops))[:MOST])
    network = mobilenet_features().to(device)
    real_pooled, fake_pooled, real_person, fake_person = [], [], [], []
    distances, seams, seams_real = [], [], []
    real_inception, fake_inception = [], []
    for start in range(0, len(indices), BATCH):
        views = center_views(crops, indices[start : start + BATCH], GROW)
        given = conditions(views, np.full(len(views), COARSENESS), [rng] * len(views)).to(device)
        real = originals(views).to(device) * (given.fill + given.known)
        one, two = (synthesize(generator, given, rng) for _ in range(2))
        ours, others, theirs = network(one), network(two), network(real)
        distances.append(float(perceptual_distance(ours, others, given.fill)) * len(views))
        real_pooled.append(theirs[-1].mean((2, 3)))
        fake_pooled.append(ours[-1].mean((2, 3)))
        real_person.append(person_features(network, real, given))
        fake_person.append(person_features(network, one, given))
        if inception is not None:
            real_inception.append(inception(real))
            fake_inception.append(inception(one))
        seams += [_seam(image, view) for image, view in zip(_pixels(one), views, strict=True)]
        seams_real += [_seam(image, view) for image, view in zip(_pixels(real), views, strict=True)]
    fake, people = torch.cat(fake_person), torch.cat(real_person)
    cross, own = 1 - fake @ people.T, 1 - people @ people.T
    own.fill_diagonal_(torch.inf)
    nearest = cross.min(1)
    return Quality(
        frechet_mobilenet_v2=frechet(torch.cat(real_pooled), torch.cat(fake_pooled)),
        diversity=sum(distances) / len(indices),
        context_error=float(np.nanmean(seams)) if seams else 0.0,
        context_error_real=float(np.nanmean(seams_real)) if seams_real else 0.0,
        nearest_training_crop=float(nearest.values.median()),
        nearest_training_crop_real=float(own.min(1).values.median()) if len(people) > 1 else 0.0,
        nearest_is_own=float((nearest.indices == torch.arange(len(people), device=device)).float().mean()),
        people=len(people),
        fid=frechet(torch.cat(real_inception), torch.cat(fake_inception)) if real_inception else None,
    )


def synthesize(generator: nn.Module, given: Conditions, rng: np.random.Generator) -> Tensor:
    """Composites (B, 3, H, W) in -1..1 with a person from a fresh latent code in each."""
    count, _, height, width = given.planes.shape
    code = drawn(generator, [rng] * count)
    noise = torch.from_numpy(rng.standard_normal((count, 1, height, width), np.float32))
    device = given.planes.device
    return given.composite(generator(given, code.to(device), noise.to(device)).clamp(-1, 1))


def originals(views: list[View]) -> Tensor:
    """The views' images, (B, 3, H, W) float32 in -1..1."""
    images = np.stack([view.image for view in views]).transpose(0, 3, 1, 2)
    return torch.from_numpy(images.astype(np.float32) / 127.5 - 1)


def frechet(one: Tensor, two: Tensor) -> float:
    """The Fréchet distance of two normal distributions fitted to (N, C) and (M, C) features.

    Dowson & Landau 1982. The trace of the root of the product of covariances is the sum of the singular values of the
    product of the centred features, which also holds where there are fewer samples than features.
    """
    one, two = one.double(), two.double()
    a, b = (x - x.mean(0) for x in (one, two))
    a, b = a / max(1, len(a) - 1) ** 0.5, b / max(1, len(b) - 1) ** 0.5
    means = ((one.mean(0) - two.mean(0)) ** 2).sum()
    return float((means + (a**2).sum() + (b**2).sum() - 2 * torch.linalg.svdvals(a @ b.T).sum()).clamp(min=0))


def person_features(network: Features, images: Tensor, given: Conditions) -> Tensor:
    """(B, C) unit vectors of the person alone: the surroundings are gray and not pooled."""
    pooled = []
    for feature in network(images * given.fill)[1:]:
        weight = F.adaptive_avg_pool2d(given.fill, feature.shape[2:])
        mean = (feature * weight).sum((2, 3)) / (weight.sum((2, 3)) + 1e-6)
        pooled.append(F.normalize(mean, dim=1))
    return F.normalize(torch.cat(pooled, 1), dim=1)


def _pixels(images: Tensor) -> np.ndarray:
    return ((images.permute(0, 2, 3, 1).cpu().numpy() + 1) * 127.5).clip(0, 255)


def _seam(image: np.ndarray, view: View) -> float:
    """Mean absolute difference of the pixel pairs, across and down, one of which is filled and the other known."""
    found = []
    for axis in (0, 1):
        first, second = (slice(None, -1), slice(1, None))
        a, b = (first, second) if axis == 0 else ((slice(None), first), (slice(None), second))
        border = (view.fill[a] & view.known[b]) | (view.known[a] & view.fill[b])
        found.append(np.abs(image[a] - image[b])[border].ravel())
    values = np.concatenate(found)
    return float(values.mean()) if len(values) else np.nan
