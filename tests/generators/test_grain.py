"""Grain: as fine and strong as the surroundings say, and nothing where they are smooth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from anonbench.generators.grain import STRONGEST, fineness, with_grain

SCALE = 3.0


@pytest.fixture
def pictures() -> tuple[np.ndarray, np.ndarray]:
    """A textured picture, and the same scaled down and up."""
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.normal(128, 60, (96, 96, 3)).astype(np.float32), (0, 0), 0.7)
    small = cv2.resize(image, None, fx=1 / SCALE, fy=1 / SCALE, interpolation=cv2.INTER_AREA)
    return image, cv2.resize(small, (96, 96), interpolation=cv2.INTER_CUBIC)


def details(picture: np.ndarray) -> float:
    return float(np.abs(picture - cv2.GaussianBlur(picture, (0, 0), 1)).mean())


def test_grain_brings_back_the_strength_of_what_was_lost(pictures) -> None:
    image, smooth = pictures
    ratio = fineness(image, smooth, np.ones((96, 96), bool), SCALE)
    grained = with_grain(smooth, ratio, SCALE, np.random.default_rng(0))
    assert details(smooth) < 0.3 * details(image)
    assert 0.5 * details(image) < details(grained) < 1.5 * details(image)


def test_only_known_pixels_say_how_fine_it_is(pictures) -> None:
    image, smooth = pictures
    known = np.zeros((96, 96), bool)
    known[:, :40] = True
    other = np.where(known[..., None], image, 0)
    assert fineness(image, smooth, known, SCALE) == fineness(other, smooth, known, SCALE)
    assert fineness(image, smooth, known & False, SCALE) == 0


def test_smooth_surroundings_and_smooth_people_get_none(pictures) -> None:
    image, smooth = pictures
    plain = np.full_like(image, 90)
    everywhere = np.ones((96, 96), bool)
    assert fineness(plain, plain, everywhere, SCALE) == 0
    assert (with_grain(smooth, 0.0, SCALE, np.random.default_rng(0)) == smooth).all()
    assert np.abs(with_grain(plain, 1.0, SCALE, np.random.default_rng(0)) - plain).max() < 1e-3


def test_it_is_bounded(pictures) -> None:
    image, smooth = pictures
    assert fineness(image + 1000 * (image - smooth), smooth, np.ones((96, 96), bool), SCALE) == STRONGEST
