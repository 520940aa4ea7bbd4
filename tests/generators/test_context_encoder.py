"""What a step of the context encoder's training learns."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from anonbench.generators.condition import Conditions, View, conditions
from anonbench.generators.kinds.context_encoder.hyperparameters import Hyperparameters
from anonbench.generators.kinds.context_encoder.training import ContextEncoderTraining, log_loss
from anonbench.generators.shape import Shape
from tests.helpers import reference_losses as reference

SIZE = 32


def training(**changes) -> ContextEncoderTraining:
    torch.manual_seed(0)
    shape = Shape(kind="context_encoder", region="face", width=SIZE, height=SIZE, channels=4)
    return ContextEncoderTraining(shape, 10, None, dataclasses.replace(Hyperparameters(), **changes))


def people(count: int = 3) -> tuple[Conditions, torch.Tensor]:
    rng = np.random.default_rng(0)
    rows, cols = np.mgrid[:SIZE, :SIZE]
    fills = [np.hypot(rows - 15, cols - 16) < radius for radius in (6, 8, 11)[:count]]
    images = rng.integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8)
    views = [View(im, fill, ~fill, fill, np.zeros((0, 3)), True) for im, fill in zip(images, fills, strict=True)]
    real = torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)
    return conditions(views, np.zeros(count), [rng] * count), real


def test_the_log_loss_of_a_few_logits() -> None:
    logits = torch.tensor([0.0, 2.0, -3.0])
    # -log of 1/2, 0.880797 and 0.047426; and of what is left to one.
    assert log_loss(logits, True).item() == pytest.approx((0.693147 + 0.126928 + 3.048587) / 3, abs=1e-5)
    assert log_loss(logits, False).item() == pytest.approx((0.693147 + 2.126928 + 0.048587) / 3, abs=1e-5)


def test_losses_have_their_values() -> None:
    subject, (given, real) = training().eval(), people()
    subject.critic.layers[1].bias.data += 2  # so that it takes everybody for real
    fake = given.composite(subject.generator(given, given.fill, given.fill))
    yes, no = reference.arrays([subject.critic(real), subject.critic(fake)])
    expected = reference.log_loss(yes, True) + reference.log_loss(no, False)
    assert subject.critic_loss(real, fake).item() == pytest.approx(expected, rel=1e-4)
    assert abs(reference.log_loss(no, True) + reference.log_loss(yes, False) - expected) > 1e-3
    found = {name: loss.item() for name, loss in subject.generator_losses(given, real, fake).items()}
    fill = given.fill.double().numpy()
    features = [reference.arrays(subject.features(images)) for images in (real, fake)]
    assert found == pytest.approx(
        {
            "adversarial": reference.log_loss(no, True),
            "l1": reference.mean_inside(np.abs(np.subtract(*reference.arrays([fake, real]))), fill),
            "perceptual": reference.perceptual(*features, fill),
        },
        rel=1e-3,
    )


def test_the_weights_of_the_losses() -> None:
    losses = {"adversarial": 1, "l1": 100, "perceptual": 10000}
    assert Hyperparameters().weights.total(losses) == 1 + 1000 + 10000


def test_a_step_descends_the_weighted_sum() -> None:
    stepped, still = training(), training()
    given, real = people()
    losses = stepped.step(0, given, real, torch.Generator())
    fake = given.composite(still.generator(given, given.fill, given.fill))
    critic = still.critic_loss(real, fake)
    critic.backward()
    still.optimizers["critic"].step()
    for one, other in zip(stepped.critic.parameters(), still.critic.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    found = still.generator_losses(given, real, fake)
    (found["adversarial"] + 10 * found["l1"] + found["perceptual"]).backward()
    for one, other in zip(stepped.generator.parameters(), still.generator.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-6)
    assert {name: loss.item() for name, loss in losses.items()} == pytest.approx(
        {name: loss.item() for name, loss in {"critic": critic, **found}.items()}, rel=1e-5
    )


def test_steps_make_the_critic_better_and_move_the_generator_that_is_trained() -> None:
    subject, (given, real) = training(), people()
    fake = given.composite(subject.generator(given, given.fill, given.fill)).detach()
    before, weights = subject.critic_loss(real, fake).item(), subject.generator.decode[0].weight.clone()
    for number in range(10):
        subject.step(number, given, real, torch.Generator())
    assert subject.critic_loss(real, fake).item() < before - 0.01
    assert not torch.equal(subject.trained.decode[0].weight, weights)
    assert not subject.trained.training


def test_rates_are_constant() -> None:
    rates = {name: optimizer.param_groups[0]["lr"] for name, optimizer in training().optimizers.items()}
    assert rates == {"generator": 2e-4, "critic": 2e-4}
    assert all(optimizer.param_groups[0]["betas"] == (0.5, 0.999) for optimizer in training().optimizers.values())
