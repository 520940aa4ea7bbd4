"""What a generator remembers of the people it learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from anonbench.attacks.learned import Learned
from anonbench.attacks.separation import Test, separation, share
from anonbench.generators.condition import Conditions, conditions
from anonbench.generators.crops import Crops, center_views, read_crops
from anonbench.generators.features import Features, mobilenet_features
from anonbench.generators.files import read_generator
from anonbench.generators.quality import BATCH, COARSENESS, GROW, originals, person_features, synthesize
from anonbench.generators.splits import SplitFiles
from anonbench.variants.recipe import Recipe

# Digits of distances: what is equal must tie.
_DIGITS = 6


@dataclass(frozen=True)
class Looks:
    """How people are looked at.

    Parameters
    ----------
    grow, coarseness
        As the anonymization shows them to the generator.
    people
        How many of the training people, and as many of others.
    draws
        How many people are generated in the place of each.
    seed
        Of the choice of people and of who is generated.
    """

    grow: float
    coarseness: float
    people: int
    draws: int
    seed: int

    @classmethod
    def of(cls, recipe: Recipe | None, people: int, draws: int, seed: int) -> Looks:
        """As a recipe's method does it; a method without such parameters is looked at as generators are measured."""
        config: dict[str, Any] = recipe.config if recipe else {}
        return cls(config.get("grow", GROW), config.get("coarseness", COARSENESS), people, draws, seed)


@dataclass(frozen=True)
class Side:
    """Some people, real and generated, as unit vectors that describe the person alone.

    Parameters
    ----------
    real
        (N, C).
    made
        (D, N, C) of those who are generated in their places.
    bare
        (N, C) of their outlines, filled with the mean colour of both sides.
    """

    real: np.ndarray
    made: np.ndarray
    bare: np.ndarray


@dataclass(frozen=True)
class People:
    """The people whom a generator learned from, and others of the same dataset."""

    members: Side
    others: Side


def read_people(learned: Learned, looks: Looks, device: str) -> People:
    """The people around a generator.

    Raises
    ------
    UserError
        If a file is missing or damaged, or a split has nobody who is large enough.
    """
    generator, shape = read_generator(learned.generator, torch.device(device))

    def crops(splits: Sequence[SplitFiles]) -> Crops:
        return read_crops(splits, shape.size, shape.keypoint_names, learned.most)

    return look(generator, crops(learned.members), crops(learned.others), looks, torch.device(device))


def look(generator: nn.Module, members: Crops, others: Crops, looks: Looks, device: torch.device) -> People:
    """The same of crops: as many at random as are asked for, and no more members than others."""
    rng = np.random.default_rng([looks.seed, 1])
    count = min(looks.people, len(members), len(others))
    groups = [(crops, np.sort(rng.permutation(len(crops))[:count])) for crops in (members, others)]
    colour = mean_colour(groups)
    network = mobilenet_features().to(device)
    return People(*(_side(generator, network, *group, colour, looks, rng, device) for group in groups))


def mean_colour(groups: Sequence[tuple[Crops, np.ndarray]]) -> np.ndarray:
    """(3,) in -1..1, of all pixels of the people of these indices."""
    pixels = [crops.images[i][crops.masks[i][..., 0]] for crops, indices in groups for i in indices]
    return np.concatenate(pixels).mean(0) / 127.5 - 1


@torch.no_grad()
def _side(
    generator: nn.Module,
    network: Features,
    crops: Crops,
    indices: np.ndarray,
    colour: np.ndarray,
    looks: Looks,
    rng: np.random.Generator,
    device: torch.device,
) -> Side:
    flat = torch.from_numpy(colour).float().to(device)[None, :, None, None]
    real, made, bare = [], [], []
    for start in range(0, len(indices), BATCH):
        views = center_views(crops, indices[start : start + BATCH], looks.grow)
        given = conditions(views, np.full(len(views), looks.coarseness), [rng] * len(views)).to(device)

        def seen(images: torch.Tensor, given: Conditions = given) -> np.ndarray:
            return person_features(network, images, given).cpu().numpy()

        real.append(seen(originals(views).to(device)))
        made.append(np.stack([seen(synthesize(generator, given, rng)) for _ in range(looks.draws)]))
        bare.append(seen(flat.expand(len(views), -1, *given.fill.shape[2:])))
    return Side(np.concatenate(real), np.concatenate(made, axis=1), np.concatenate(bare))


def remembered(people: People, looks: Looks, resamples: int) -> dict[str, Test]:
    """What the generator gives away, by test.

    ``membership``: whether somebody is one of the training people, by the distance to the most similar of those who are
    generated in their place; its control is the distance to the bare outline.

    ``copying``: whether somebody is generated or real, by the distance to the nearest training person, both in places
    that the generator has not seen (Meehan, Chaudhuri & Dasgupta, "A non-parametric test to detect data-copying",
    AISTATS 2020). In its control as many others stand in for the training people: whoever is generated may be nearer to
    everybody than real people are.

    ``nearest_is_own``: the share of training people whom, of all of them, the person generated in their place looks
    most like; in its control the bare outline does. Places give some of them away, those of others as well.
    """
    members, others = people.members, people.others
    half = len(others.real) // 2
    places, strangers = slice(half, None), others.real[:half]
    known = members.real[:half]
    real, made = others.real[places], others.made[0, places]

    def nearest(ones: np.ndarray, among: np.ndarray) -> np.ndarray:
        return _distances(ones, among).min(1)

    rng = np.random.default_rng([looks.seed, 2])
    return {
        "membership": separation(
            -_own(members.made, members.real), -_own(others.made, others.real),
            -_own(members.bare[None], members.real), -_own(others.bare[None], others.real),
            resamples, rng, paired=False,
        ),
        "copying": separation(
            -nearest(made, known), -nearest(real, known), -nearest(made, strangers), -nearest(real, strangers),
            resamples, rng, paired=True,
        ),
        "nearest_is_own": share(
            _is_own(members.made[0], members.real), _is_own(members.bare, members.real),
            _is_own(others.made[0], others.real), resamples, rng,
        ),
        "nearest_member": Test(
            {"generated": float(np.median(nearest(made, members.real))),
             "real": float(np.median(nearest(real, members.real)))}
        ),
    }  # fmt: skip


def worst(found: Sequence[dict[str, Test]]) -> dict[str, float]:
    """The figures of several generators by name: of every test those of the one that remembers most."""
    figures: dict[str, float] = {}
    for name in dict.fromkeys(name for tests in found for name in tests):
        most = max((tests[name] for tests in found), key=lambda test: test.risk)
        figures |= {f"{name}_{key}": round(value, 5) for key, value in most.figures.items()}
    return figures


def _own(made: np.ndarray, real: np.ndarray) -> np.ndarray:
    """(N,) the distance of each of the real people to the most similar of those in their own place."""
    return (1 - np.einsum("dnc,nc->dn", made, real)).min(0).round(_DIGITS)


def _distances(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    return (1 - ones @ others.T).round(_DIGITS)


def _is_own(made: np.ndarray, real: np.ndarray) -> np.ndarray:
    """(N,) bool."""
    return _distances(made, real).argmin(1) == np.arange(len(real))
