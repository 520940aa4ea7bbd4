"""Latent codes: what they say of people, and how new ones are mixed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from anonbench.gan import codes
from anonbench.gan.codes import LATENT, PALETTE, ROWS, STRIPS, drawn, mixed, palettes
from anonbench.gan.weights import Shape, build


def test_a_palette_is_the_mean_colour_of_each_row_within_the_person_and_of_the_nearest_elsewhere() -> None:
    images = torch.rand(2, 3, 4 * ROWS, 10, generator=torch.Generator().manual_seed(0))
    fill = torch.zeros(2, 1, 4 * ROWS, 10)
    fill[:, :, 8:20, 3:7] = 1
    found = palettes(images, fill).view(2, 3, ROWS)
    for row in (2, 3, 4):
        expected = images[:, :, 4 * row : 4 * row + 4, 3:7].mean((2, 3))
        assert torch.allclose(found[:, :, row], expected, atol=1e-5)
    assert torch.equal(found[:, :, :2], found[:, :, 2:3].expand(-1, -1, 2))
    assert torch.equal(found[:, :, 5:], found[:, :, 4:5].expand(-1, -1, ROWS - 5))
    changed = torch.where(fill.bool(), images, torch.rand(images.shape))
    assert torch.equal(palettes(changed, fill).view(2, 3, ROWS), found)


def test_a_palette_of_nobody_is_gray() -> None:
    assert not palettes(torch.ones(1, 3, 32, 8), torch.zeros(1, 1, 32, 8)).any()


def test_a_new_person_is_one_above_the_waist_and_another_below(monkeypatch) -> None:
    monkeypatch.setattr(codes, "TINT", 0.0)
    monkeypatch.setattr(codes, "JITTER", 0.0)
    known = torch.arange(20.0)[:, None].expand(-1, LATENT)
    made = mixed(known, 300, torch.Generator().manual_seed(0))
    for part, rows in ((made[:, :PALETTE], ROWS), (made[:, PALETTE:], STRIPS)):
        part = part.view(300, -1, rows)
        assert (part == part[:, :1]).all()
        uppers, lowers = part[:, 0, 0], part[:, 0, -1]
        assert set(uppers.tolist()) == set(lowers.tolist()) == set(range(20))
        assert (((part[:, 0] == uppers[:, None]) | (part[:, 0] == lowers[:, None])).all(1)).all()
        assert ((part[:, 0].diff(dim=1) != 0).sum(1) <= 1).all()
    both = made[:, [0, PALETTE - 1, PALETTE, LATENT - 1]]
    assert torch.equal(both[:, :2], both[:, 2:])


def test_nobody_comes_back_unchanged_and_colours_stay_near() -> None:
    known = torch.randn(5, LATENT, generator=torch.Generator().manual_seed(0))
    made = mixed(known, 200, torch.Generator().manual_seed(1))
    assert torch.cdist(made, known).min() > 0.01
    assert made.std(0).mean() == pytest.approx(float(known.std(0).mean()), rel=0.3)


@pytest.mark.parametrize("network", ["style_unet", "context_encoder"])
def test_a_code_depends_on_its_source_alone(network: str) -> None:
    torch.manual_seed(0)
    generator = build(Shape(network=network, region="body", width=32, height=64, channels=4))

    def of(*seeds: int) -> torch.Tensor:
        return drawn(generator, [np.random.default_rng(seed) for seed in seeds])

    together = of(3, 4)
    assert torch.equal(together, torch.cat([of(3), of(4)])) and torch.equal(together, of(3, 4))
    assert torch.equal(*together) == (network == "context_encoder")
    assert together.shape == (2, LATENT if network == "style_unet" else 0)
