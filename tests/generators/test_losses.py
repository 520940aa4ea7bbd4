"""What is minimized: zero where it should be, and sensitive to what it is named after only."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from anonbench.generators.losses import inside, strength_difference, texture_difference

BOTH = pytest.mark.parametrize("difference", [strength_difference, texture_difference])


@pytest.fixture
def pictures() -> torch.Tensor:
    return torch.rand(3, 3, 64, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def fill() -> torch.Tensor:
    found = torch.zeros(3, 1, 64, 32)
    found[:, :, 8:56, 8:24] = 1
    return found


def test_only_what_is_synthesized_counts(pictures: torch.Tensor, fill: torch.Tensor) -> None:
    assert inside(pictures * fill + 9 * (1 - fill), fill) == pytest.approx(float(pictures[..., 8:56, 8:24].mean()))
    assert inside(pictures, fill * 0) == 0


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
