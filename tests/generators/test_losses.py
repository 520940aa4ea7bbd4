"""What every kind of generator may minimize, within what is synthesized only."""

from __future__ import annotations

import pytest
import torch

from anonbench.generators.losses import inside, perceptual_distance
from tests.helpers import reference_losses as reference


def test_only_what_is_synthesized_counts() -> None:
    pictures = torch.rand(3, 3, 64, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    fill = torch.zeros(3, 1, 64, 32)
    fill[:, :, 8:56, 8:24] = 1
    assert inside(pictures * fill + 9 * (1 - fill), fill) == pytest.approx(float(pictures[..., 8:56, 8:24].mean()))
    assert inside(pictures, fill * 0) == 0


def test_places_count_by_what_is_filled_of_them_and_samples_alike() -> None:
    values = torch.tensor([[[[1.0, 2.0]]], [[[10.0, 20.0]]]])
    fill = torch.zeros(2, 1, 2, 4)
    fill[0, 0, :, 0], fill[0, 0, 0, 2], fill[1, 0, :, 2:] = 1, 1, 1
    # Of the first sample a half of the left place and a quarter of the right one, of the second all of the right one.
    assert inside(values, fill) == pytest.approx(((0.5 * 1 + 0.25 * 2) / 0.75 + 20) / 2, rel=1e-5)


def test_the_perceptual_distance_compares_directions() -> None:
    everywhere = torch.ones(1, 1, 1, 2)
    real = torch.tensor([[[[3.0, 1.0]], [[4.0, 0.0]]]])  # two places: (3, 4) and (1, 0)
    fake = torch.tensor([[[[5.0, 0.0]], [[0.0, 7.0]]]])  # (5, 0) and (0, 7)
    # (0.6, 0.8) - (1, 0) is 0.8 squared; (1, 0) - (0, 1) is 2.
    assert perceptual_distance([real], [fake], everywhere) == pytest.approx(1.4)
    assert perceptual_distance([real, real], [fake, 2 * real], everywhere) == pytest.approx(1.4)
    assert perceptual_distance([real], [fake], torch.tensor([[[[1.0, 0.0]]]])) == pytest.approx(0.8)


def test_the_perceptual_distance_of_many_features() -> None:
    random = torch.Generator().manual_seed(0)
    real, fake = ([torch.randn(2, c, s, s, generator=random) for c, s in ((5, 8), (7, 4))] for _ in range(2))
    fill = (torch.rand(2, 1, 16, 16, generator=random) < 0.4).float()
    expected = reference.perceptual(reference.arrays(real), reference.arrays(fake), fill.double().numpy())
    assert perceptual_distance(real, fake, fill) == pytest.approx(expected, rel=1e-4)
