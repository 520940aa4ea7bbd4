"""Twelve people are learned by heart: what a training minimizes together leads to the people that it was shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from anonbench.generators.condition import Conditions, conditions
from anonbench.generators.crops import center_views
from anonbench.generators.kinds.context_encoder.hyperparameters import Hyperparameters
from anonbench.generators.kinds.context_encoder.training import ContextEncoderTraining
from anonbench.generators.kinds.style_unet.codes import PALETTE
from anonbench.generators.kinds.style_unet.training import StyleUnetTraining
from anonbench.generators.losses import inside
from anonbench.generators.quality import originals
from anonbench.generators.shape import Shape
from anonbench.generators.training import Training
from tests.helpers.people import NAMES, crops_of, write_people

pytestmark = pytest.mark.slow

WIDTH, HEIGHT = 16, 32
# Mean absolute difference between a person and what is made of them, of colours in -1..1. Untrained networks have 0.35
# and 0.58, trained ones 0.04 and 0.05 after as many steps as here.
BOUND = 0.07


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Conditions, torch.Tensor]:
    files = write_people(tmp_path_factory.mktemp("people"))
    crops = crops_of(files, (WIDTH, HEIGHT), NAMES)
    assert len(crops) == 12
    views = center_views(crops, np.arange(12), 0.0)
    given = conditions(views, np.zeros(12), [np.random.default_rng(0)] * 12)
    return given, originals(views) * (given.fill + given.known)


def style_unet(steps: int) -> StyleUnetTraining:
    shape = Shape(kind="style_unet", region="body", width=WIDTH, height=HEIGHT, channels=4, keypoint_names=NAMES)
    return StyleUnetTraining(shape, steps)


def context_encoder(steps: int) -> ContextEncoderTraining:
    shape = Shape(kind="context_encoder", region="body", width=WIDTH, height=HEIGHT, channels=16)
    return ContextEncoderTraining(shape, steps, None, replace(Hyperparameters(), learning_rate=2e-3))


def own_codes(training: Training, given: Conditions, real: torch.Tensor) -> torch.Tensor:
    """The codes that say of the people what they look like, where there are codes."""
    if not isinstance(training, StyleUnetTraining):
        return training.trained.draw(len(real), torch.Generator())
    places = training.trained.places(given)
    shown = torch.cat([places.pooled(x) for x in (real, *training.features(real)[1:])], 1)
    return torch.cat([shown[:, :PALETTE], training.encoder(shown)[0]], 1)


@torch.no_grad()
def error(training: Training, given: Conditions, real: torch.Tensor) -> float:
    """Of the generator that would be written."""
    noise = torch.zeros(len(real), 1, HEIGHT, WIDTH)
    made = given.composite(training.trained(given, own_codes(training, given, real), noise))
    return inside((made - real).abs(), given.fill).item()


@pytest.mark.parametrize(("new", "steps"), [(style_unet, 60), (context_encoder, 120)])
def test_twelve_people_are_learned_by_heart(
    new: Callable[[int], Training], steps: int, people: tuple[Conditions, torch.Tensor]
) -> None:
    torch.manual_seed(0)
    training = new(steps)
    assert error(training, *people) > 4 * BOUND
    for number in range(steps):
        training.step(number, *people, torch.Generator().manual_seed(number))
    assert error(training, *people) < BOUND
