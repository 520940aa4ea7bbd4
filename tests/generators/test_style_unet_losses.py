"""What the style generator and its critics minimize: zero where it should be, and of the right value elsewhere."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from anonbench.generators.kinds.style_unet.losses import (
    hinge_critic,
    hinge_generator,
    kullback_leibler,
    strength_difference,
    texture_difference,
)
from tests.helpers import reference_losses as reference

BOTH = pytest.mark.parametrize("difference", [strength_difference, texture_difference])


@pytest.fixture
def pictures() -> torch.Tensor:
    return torch.rand(3, 3, 64, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def fill() -> torch.Tensor:
    found = torch.zeros(3, 1, 64, 32)
    found[:, :, 8:56, 8:24] = 1
    return found


@pytest.fixture
def ragged() -> torch.Tensor:
    """What to fill: other pixels of each sample, and none of the last one."""
    found = (torch.rand(3, 1, 64, 32, generator=torch.Generator().manual_seed(1)) < 0.7).float()
    found[2] = 0
    return found


def logits(seed: int) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    return [2 * torch.randn(3, 1, *size, generator=random) for size in ((16, 8), (8, 4))]


def test_hinge_losses_of_a_few_logits() -> None:
    everywhere = torch.ones(1, 1, 2, 2)
    real, fake = torch.tensor([[[[2.0, 0.5], [-1.0, 1.0]]]]), torch.tensor([[[[-3.0, 0.0], [2.0, -0.5]]]])
    # max(0, 1 - real): 0, 0.5, 2, 0. max(0, 1 + fake): 0, 1, 3, 0.5.
    assert hinge_critic([real], [fake], everywhere) == pytest.approx(2.5 / 4 + 4.5 / 4)
    assert hinge_generator([fake], everywhere) == pytest.approx(1.5 / 4)
    top = torch.tensor([[[[1.0, 1.0], [0.0, 0.0]]]])
    assert hinge_critic([real], [fake], top) == pytest.approx(0.5 / 2 + 1 / 2)
    assert hinge_generator([fake, fake], top) == pytest.approx(2 * 3 / 2)


def test_hinge_losses_of_many_logits(ragged: torch.Tensor) -> None:
    real, fake = logits(2), logits(3)
    plain = [reference.arrays(x) for x in (real, fake)]
    expected = reference.hinge_critic(*plain, ragged.double().numpy())
    assert hinge_critic(real, fake, ragged) == pytest.approx(expected, rel=1e-4)
    assert hinge_generator(fake, ragged) == pytest.approx(
        reference.hinge_generator(plain[1], ragged.double().numpy()), rel=1e-4, abs=1e-5
    )


@pytest.mark.parametrize(
    ("difference", "expected"), [(strength_difference, reference.strength), (texture_difference, reference.spread)]
)
def test_differences_of_texture_have_their_value(
    difference, expected, pictures: torch.Tensor, ragged: torch.Tensor
) -> None:
    others = pictures.sqrt().nan_to_num(0) - 0.3
    value = expected(*reference.arrays([pictures, others, ragged]))
    assert value > 0.05
    assert difference(pictures, others, ragged) == pytest.approx(value, rel=1e-3)


def test_divergence_is_that_of_two_normal_distributions() -> None:
    random = torch.Generator().manual_seed(0)
    mean, log_variance = torch.randn(5, 7, generator=random), torch.randn(5, 7, generator=random)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0)).sum(1).mean()
    assert kullback_leibler(mean, log_variance) == pytest.approx(float(expected), rel=1e-5)
    assert kullback_leibler(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2)) == pytest.approx(0.5)


@BOTH
def test_moved_details_are_as_strong_and_blurred_ones_are_not(
    difference, pictures: torch.Tensor, fill: torch.Tensor
) -> None:
    assert difference(pictures, pictures, fill) == 0
    moved = difference(pictures, pictures.roll((8, 8), (2, 3)), fill)
    blurred = [difference(pictures, F.avg_pool2d(pictures, n, 1, n // 2), fill) for n in (3, 5)]
    assert moved < 0.1 < blurred[0] < blurred[1]


@BOTH
def test_details_of_twice_the_contrast_differ_by_that_factor(
    difference, pictures: torch.Tensor, fill: torch.Tensor
) -> None:
    assert difference(pictures, 2 * pictures, fill) == pytest.approx(0.693, abs=0.02)


@BOTH
def test_faint_texture_is_a_smooth_function_down_to_none(difference, fill: torch.Tensor) -> None:
    flat = torch.zeros(3, 3, 64, 32, requires_grad=True)
    loss = difference(torch.full_like(flat, 0.5), flat, fill)
    assert loss == 0
    loss.backward()
    assert flat.grad.isfinite().all()


def test_the_same_mean_strength_spread_evenly_is_another_texture(fill: torch.Tensor) -> None:
    noise = torch.randn(3, 3, 64, 32, generator=torch.Generator().manual_seed(0))
    patched = noise * (torch.arange(64) % 32 < 8)[:, None]
    even = noise / 4
    mottled = texture_difference(patched, even, fill)
    assert mottled > 3 * texture_difference(patched, patched.roll(3, 2), fill)
    assert mottled > 1
    assert strength_difference(patched, even, fill) < mottled / 2


def test_half_precision_is_compared_in_full(pictures: torch.Tensor, fill: torch.Tensor) -> None:
    half = pictures.bfloat16()
    assert texture_difference(half, half, fill) == 0
