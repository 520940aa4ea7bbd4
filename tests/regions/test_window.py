"""From the image to network resolution and back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anonbench.regions.window import CONTEXT, Window, resize, window_of


@given(st.integers(-30, 60), st.integers(-30, 60), st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**16))
def test_what_is_cut_and_pasted_back_is_unchanged(left, top, width, height, seed) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (50, 40, 3), dtype=np.uint8)
    window = Window(left, top, width, height)
    cut = window.cut(image, 7)
    assert cut.shape == (height, width, 3)
    for y, x in ((0, 0), (height - 1, width - 1), (height // 2, width // 2)):
        inside = 0 <= top + y < 50 and 0 <= left + x < 40
        assert (cut[y, x] == (image[top + y, left + x] if inside else 7)).all()
    target = image.copy()
    window.paste(255 - cut, target)
    window.paste(cut, target)
    assert (target == image).all()


@given(st.floats(0, 300), st.floats(0, 300), st.floats(1, 300), st.floats(1, 300))
def test_a_window_has_the_networks_aspect_and_the_boxs_surroundings(x, y, w, h) -> None:
    window = window_of(np.array([x, y, x + w, y + h]), (48, 96))
    assert abs(window.height - 2 * window.width) <= 2
    assert window.left <= x - CONTEXT * w + 2
    assert window.left + window.width >= x + w + CONTEXT * w - 2
    assert window.top <= y - CONTEXT * h + 2
    assert window.top + window.height >= y + h + CONTEXT * h - 2


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 200), st.integers(1, 200))
def test_a_window_can_be_made_to_contain_a_rectangle(x, y, w, h) -> None:
    window = Window(0, 0, 32, 64)
    wider = window.containing(x, y, x + w, y + h)
    assert wider.left <= x
    assert wider.top <= y
    assert wider.left + wider.width >= x + w
    assert wider.top + wider.height >= y + h
    assert abs(wider.height - 2 * wider.width) <= 3
    if x >= 0 and y >= 0 and x + w <= 32 and y + h <= 64:
        assert wider == window


def test_points_move_with_the_window() -> None:
    window = Window(10, 20, 40, 80)
    moved = window.points(np.array([[10.0, 20, 2], [30, 60, 1], [50, 100, 0]]), (20, 40))
    assert moved.tolist() == [[0, 0, 2], [10, 20, 1], [20, 40, 0]]


def test_resizing_keeps_means_when_it_shrinks() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 32, 3), dtype=np.uint8)
    assert np.abs(resize(image, (16, 32)).mean((0, 1)) - image.mean((0, 1))).max() < 1
