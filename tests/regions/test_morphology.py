"""Masks grow by exactly the pixels within the radius."""

from __future__ import annotations

import math

import numpy as np
import pytest

from anonbench.regions.morphology import dilated


@pytest.mark.parametrize("radius", [1, 2, 5, 7, 13, 15, 2.5, 26])  # OpenCV's distances of 7, 13, 15 and 26 are too long
def test_every_pixel_within_the_radius_belongs_to_it_and_no_other(radius: float) -> None:
    mask = np.zeros((70, 80), bool)
    for row, col in ((20, 30), (65, 2)):
        mask[row, col] = True
    expected = np.array(
        [
            [any(math.dist((row, col), place) <= radius for place in ((20, 30), (65, 2))) for col in range(80)]
            for row in range(70)
        ]
    )
    assert (dilated(mask, radius) == expected).all()


@pytest.mark.parametrize("radius", [0, -1])
def test_without_a_radius_it_stays(radius: float) -> None:
    mask = np.eye(5, dtype=bool)
    assert (dilated(mask, radius) == mask).all()


def test_nothing_grows_from_nothing() -> None:
    assert not dilated(np.zeros((9, 9), bool), 5).any()
