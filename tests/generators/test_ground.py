"""The ground that goes on behind a person: from known pixels only, and with their texture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from anonbench.generators.ground import mirrored


def test_a_texture_is_mirrored_at_the_border() -> None:
    image = np.arange(10, dtype=np.uint8)[None, :, None].repeat(5, 0)
    known = np.ones((5, 10), bool)
    known[:, 6:] = False
    assert mirrored(image, known)[2, :, 0].tolist() == [0, 1, 2, 3, 4, 5, 4, 3, 2, 1]


def test_where_the_mirror_image_is_unknown_the_nearest_pixel_is_repeated() -> None:
    image = np.arange(10, dtype=np.uint8)[None, :, None].repeat(5, 0)
    known = np.zeros((5, 10), bool)
    known[:, 4:6] = True
    assert mirrored(image, known)[2, :, 0].tolist() == [4, 4, 4, 5, 4, 5, 4, 5, 5, 5]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_it_is_made_of_known_pixels_only(dtype: type, data: st.DataObject) -> None:
    known = data.draw(arrays.arrays(bool, (9, 7)))
    rng = np.random.default_rng(0)
    one, other = (rng.integers(0, 255, (9, 7, 3)).astype(dtype) for _ in range(2))
    other[known] = one[known]
    result = mirrored(one, known)
    assert result.dtype == dtype
    assert (result == mirrored(other, known)).all()
    assert (result[known] == one[known]).all()
    if known.any():
        colours = {tuple(colour) for colour in one[known]}
        assert {tuple(colour) for colour in result.reshape(-1, 3)} <= colours
    else:
        assert not result.any()
