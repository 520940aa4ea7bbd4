"""What a step of the style generator's training learns: from which losses, at which rate, into which average."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from anonbench.generators.condition import Conditions, View, conditions
from anonbench.generators.kinds.style_unet.codes import CODE, PALETTE
from anonbench.generators.kinds.style_unet.hyperparameters import CodeMixing, Hyperparameters
from anonbench.generators.kinds.style_unet.training import Batch, StyleUnetTraining
from anonbench.generators.shape import Shape
from tests.helpers import reference_losses as reference

SIZE = 32
STEPS = 1000
LATE = 120  # a step after the warm-up


def training(texture: str = "spread", size: int = SIZE, region: str = "face", **changes) -> StyleUnetTraining:
    """A new one, always of the same weights; nothing is moved before the critics look unless asked for."""
    torch.manual_seed(0)
    hyper = dataclasses.replace(Hyperparameters(), **{"moved": 1} | changes)
    shape = Shape(kind="style_unet", region=region, width=size, height=size, channels=4)
    return StyleUnetTraining(shape, STEPS, None, texture, hyper)


def people(size: int = SIZE, count: int = 4) -> tuple[Conditions, torch.Tensor]:
    """Discs of one colour each, on noise."""
    rng = np.random.default_rng(0)
    rows, cols = np.mgrid[:size, :size]
    views = []
    for radius in np.linspace(size / 4, size / 3, count):
        fill = (rows - size / 2) ** 2 + (cols - size / 2) ** 2 < radius**2
        image = rng.integers(0, 256, (size, size, 3), dtype=np.uint8)
        image[fill] = rng.integers(0, 256, 3)
        views.append(View(image, fill, ~fill, fill, np.zeros((0, 3)), True))
    given = conditions(views, np.zeros(count), [rng] * count)
    images = np.stack([view.image for view in views]).transpose(0, 3, 1, 2)
    return given, torch.from_numpy(images.astype(np.float32) / 127.5 - 1)


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def encoded(subject: StyleUnetTraining, number: int = LATE) -> Batch:
    """A batch whose images are further out of range than an untrained network's."""
    batch = subject.encode(number, *people(), seeded())
    subject.critics.eval()  # else each look at a critic's weights changes their spectral norm
    return dataclasses.replace(batch, fake=batch.fake * 2.5, made=subject.features(batch.fake * 2.5))


def test_critics_losses_have_their_values() -> None:
    subject = training()
    batch = encoded(subject)
    found = {name: value.item() for name, value in subject.critics_losses(batch).items()}
    fill = batch.given.fill.double().numpy()
    logits = [reference.arrays(subject.critics["projected"](x, batch.given)) for x in (batch.target, batch.made)]
    patches = [reference.arrays([subject.critics["pixels"](x, batch.given)]) for x in (batch.real, batch.fake)]
    expected = {
        "d_projected": reference.hinge_critic(*logits, fill),
        "d_pixels": reference.hinge_critic(*patches, fill),
    }
    assert found == pytest.approx(expected, rel=1e-4)
    for name, (real, fake) in ("d_projected", logits), ("d_pixels", patches):
        assert abs(reference.hinge_critic(fake, real, fill) - found[name]) > 1e-3  # that a swap would be noticed


@pytest.mark.parametrize(("texture", "independent"), [("spread", reference.spread), ("mean", reference.strength)])
def test_generator_losses_have_their_values(texture: str, independent) -> None:
    subject = training(texture)
    batch = encoded(subject)
    found = {name: value.item() for name, value in subject.generator_losses(batch).items()}
    real, fake, fill = reference.arrays([batch.real, batch.fake, batch.given.fill])
    logits = reference.arrays(subject.critics["projected"](batch.made, batch.given))
    patches = reference.arrays([subject.critics["pixels"](batch.fake, batch.given)])
    target, made = ([x[:2] for x in reference.arrays(features)] for features in (batch.target, batch.made))
    appearance = Normal(batch.mean.flatten(1), (batch.log_variance.flatten(1) / 2).exp())
    expected = {
        "g_projected": reference.hinge_generator(logits, fill),
        "g_pixels": reference.hinge_generator(patches, fill),
        "perceptual": reference.perceptual(target, made, fill[:2]),
        "l1": reference.mean_inside(np.abs(fake - real)[:2], fill[:2]),
        "texture": independent(real, fake, fill),
        "divergence": kl_divergence(appearance, Normal(0.0, 1.0)).sum(1).mean().item(),
        "range": reference.mean_inside(np.maximum(np.abs(fake) - 1, 0), fill),
        "colours": batch.colours.item(),
    }
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-6)
    assert all(abs(value) > 1e-4 for value in found.values())


def test_the_colours_are_those_of_real_people_and_of_codes() -> None:
    subject = training(region="body", mixing=CodeMixing(tint=0))
    subject.average.stock.remembered.fill_(0.3)  # then whoever is drawn is of this colour
    given, real = people()
    batch = subject.encode(LATE, given, real, seeded())
    places = subject.generator.places(given)
    rows, columns = subject.generator.stock.GRID
    expected = torch.cat([places.pooled(real)[:2], torch.full((2, PALETTE, rows, columns), 0.3)])
    found = places.pooled(batch.fake)
    assert batch.colours.item() == pytest.approx(np.abs(found.detach().numpy() - expected.numpy()).mean(), rel=1e-4)


def test_the_first_half_gets_codes_around_its_own_and_the_other_mixed_ones() -> None:
    subject = training(region="body", mixing=CodeMixing(tint=0))
    subject.average.stock.remembered.fill_(0.3)
    appearance = CODE - PALETTE
    with torch.no_grad():
        subject.encoder.layer.weight.zero_()
        subject.encoder.layer.bias[:appearance], subject.encoder.layer.bias[appearance:] = 1.0, 2 * np.log(3)
    code = subject.encode(LATE, *people(), seeded()).code.detach()
    drawn = code[:2, PALETTE:]
    assert drawn.mean().item() == pytest.approx(1, abs=0.6) and drawn.std().item() == pytest.approx(3, abs=0.5)
    assert (code[2:] - 0.3).abs().max() < 1e-5


def test_the_weights_of_the_losses() -> None:
    names = "g_projected", "g_pixels", "perceptual", "l1", "texture", "divergence", "range", "colours"
    losses = {name: 10**place for place, name in enumerate(names)}
    total = Hyperparameters().weights.total(losses)
    assert total == pytest.approx(0.5 + 10 + 300 + 3000 + 20_000 + 500 + 10_000_000 + 30_000_000, rel=1e-12)


@pytest.mark.parametrize(("changes", "steepest"), [({}, 100.0), ({"steepest": 1e6}, 1e6)])
def test_a_step_descends_the_weighted_sum_and_cuts_steep_gradients(changes: dict, steepest: float) -> None:
    stepped, still = training(**changes), training(**changes)
    given, real = people()
    # As far from its start as a trained one, so that the gradient of each loss is larger than rounding errors.
    for subject in (stepped, still):
        torch.manual_seed(1)
        for parameter in [*subject.generator.parameters(), *subject.encoder.parameters()]:
            parameter.data += 0.1 * torch.randn(parameter.shape)
    stepped.step(LATE, given, real, seeded())
    batch = still.encode(LATE, given, real, seeded())
    judged = still.critics_losses(batch)
    still.set_rates(LATE)
    still.optimizers["critics"].zero_grad()
    (judged["d_projected"] + judged["d_pixels"]).backward()
    still.optimizers["critics"].step()
    for one, other in zip(stepped.critics.parameters(), still.critics.parameters(), strict=True):
        torch.testing.assert_close(one, other)
        torch.testing.assert_close(one.grad, other.grad)  # nothing was added by what the generator minimizes
    found = still.generator_losses(batch)
    weights = {
        "g_projected": 0.5, "g_pixels": 1, "perceptual": 3, "l1": 3,
        "texture": 2, "divergence": 0.005, "range": 10, "colours": 3,
    }  # fmt: skip
    assert found.keys() == weights.keys()
    learning = [*still.generator.parameters(), *still.encoder.parameters()]
    sum(weights[name] * found[name] for name in weights).backward()
    norm = torch.cat([p.grad.flatten() for p in learning if p.grad is not None]).norm()
    scale = min(1, steepest / float(norm))
    assert (scale < 0.9) == (steepest == 100)
    pairs = zip([*stepped.generator.parameters(), *stepped.encoder.parameters()], learning, strict=True)
    for one, other in pairs:
        torch.testing.assert_close(one.grad, None if other.grad is None else other.grad * scale, rtol=1e-3, atol=1e-5)


def test_a_step_makes_critics_better_and_leaves_frozen_features_alone() -> None:
    subject = training(critic_rate=4e-3)
    given, real = people()
    frozen = [x.clone() for x in subject.features.state_dict().values()]
    batch = encoded(subject)
    subject.critics.train()
    before = {name: value.item() for name, value in subject.critics_losses(batch).items()}
    for number in range(LATE, LATE + 5):
        subject.step(number, given, real, seeded())
    after = {name: value.item() for name, value in subject.critics_losses(batch).items()}
    assert all(after[name] < before[name] - 0.01 for name in before)
    assert all(torch.equal(a, b) for a, b in zip(frozen, subject.features.state_dict().values(), strict=True))


@pytest.mark.parametrize(("number", "kept"), [(0, 0.5), (20, 0.75), (180, 0.95), (10**6, 0.99802)])
def test_the_average_keeps_more_the_later_it_is(number: int, kept: float) -> None:
    assert Hyperparameters().kept(number) == pytest.approx(kept, abs=1e-5)


@pytest.mark.parametrize(("number", "kept"), [(0, 0.5), (180, 0.95)])
def test_the_average_of_the_weights_follows_and_is_what_is_trained(number: int, kept: float) -> None:
    subject = training()
    given, real = people()
    before = [parameter.clone() for parameter in subject.average.parameters()]
    subject.step(number, given, real, seeded())
    moved = 0
    for old, mean, new in zip(before, subject.average.parameters(), subject.generator.parameters(), strict=True):
        torch.testing.assert_close(mean, kept * old + (1 - kept) * new)
        moved += not torch.equal(old, mean)
    assert moved > 20
    assert subject.trained is subject.average and not subject.trained.training


@pytest.mark.parametrize(
    ("number", "factor"),
    [(0, 0.02), (24, 0.5), (49, 1), (LATE, 1), (500, 1), (750, 0.55), (999, 0.1)],
)
def test_rates_warm_up_and_fall_along_a_cosine(number: int, factor: float) -> None:
    assert Hyperparameters().rate_factor(number, STEPS) == pytest.approx(factor, abs=1e-4)
    subject = training()
    subject.step(number, *people(), seeded())
    rates = {name: optimizer.param_groups[0]["lr"] for name, optimizer in subject.optimizers.items()}
    assert rates == pytest.approx({"generator": 5e-4 * factor, "critics": 4e-4 * factor}, abs=1e-7)


def test_the_last_peoples_codes_are_remembered() -> None:
    subject = training(region="body")
    kept = subject.average.stock.remembered
    older = subject.codes.copy_(kept).clone()
    given, real = people()
    batch = subject.encode(127, given, real, seeded())
    half = len(kept) // 2
    assert len(kept) == 2 * 128 and half == 128  # two people a step: the last two places
    assert torch.equal(kept[:-2], older[:-2])
    assert torch.equal(kept[-2:, PALETTE:], batch.mean)
    torch.testing.assert_close(kept[-2:, :PALETTE], subject.generator.places(given).pooled(real)[:2])
    subject.encode(128, given, real, seeded())
    assert not torch.equal(kept[:2], older[:2]) and torch.equal(kept[2:-2], older[2:-2])
    assert kept.shape[1] == CODE


def test_faces_are_drawn_from_the_last_peoples_codes() -> None:
    """Every so many steps, of as many as there were, and never more than the last."""
    subject = training()
    stock = subject.average.stock
    batch = [subject.encode(number, *people(), seeded()).code[:2] for number in (0, 1)]
    assert torch.equal(subject.codes[:2, :PALETTE], batch[0][:, :PALETTE]) and not subject.codes[4:].any()
    torch.testing.assert_close(stock.mean, subject.codes[:2].mean(0))
    subject.codes.normal_(generator=seeded())
    subject.encode(stock.EVERY * stock.SEEN, *people(), seeded())
    torch.testing.assert_close(stock.mean, subject.codes.mean(0), atol=1e-5, rtol=0)
    assert {"mean", "axes"} == {name.removeprefix("stock.") for name in subject.trained.state_dict() if "stock" in name}


def test_pictures_are_moved_before_critics_look() -> None:
    given, real = people()
    still, moved = (training(moved=most).encode(LATE, given, real, seeded()) for most in (1, SIZE))
    assert torch.equal(still.real, real)
    found = [
        (rows, cols)
        for rows in range(SIZE)
        for cols in range(SIZE)
        if torch.equal(still.real.roll((rows, cols), (2, 3)), moved.real)
    ]
    assert len(found) == 1 and found != [(0, 0)]
    torch.testing.assert_close(still.fake.roll(found[0], (2, 3)), moved.fake)
    assert torch.equal(still.given.fill.roll(found[0], (2, 3)), moved.given.fill)


def test_only_large_generators_begin_at_half_the_size() -> None:
    hyper = Hyperparameters()
    assert [hyper.half_sized_steps(*size, 10) for size in ((128, 128), (96, 128), (32, 64))] == [5, 0, 0]
    small, large = training(), training(size=128)
    assert (small.half_sized, large.half_sized) == (0, STEPS / 2)
    sizes = [large.encode(number, *people(128), seeded()).fake.shape[2:] for number in (STEPS // 2 - 1, STEPS // 2)]
    assert sizes == [(64, 64), (128, 128)]
    assert small.encode(0, *people(), seeded()).fake.shape[2:] == (SIZE, SIZE)
