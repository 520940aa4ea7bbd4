"""Run-length encoded masks against pycocotools, on random masks and on damaged strings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from pycocotools import mask as coco_mask

from anonbench.common.rle import compressed

masks = st_numpy.arrays(
    np.uint8, st_numpy.array_shapes(min_dims=2, max_dims=2, max_side=60), elements=st.integers(0, 1)
)


@given(masks)
def test_pycocotools_strings_pass_and_lists_decode_to_the_same_mask(mask):
    height, width = mask.shape
    encoded = coco_mask.encode(np.asfortranarray(mask))["counts"].decode()
    assert compressed({"size": [height, width], "counts": encoded}, (width, height))["counts"] == encoded
    flat = mask.ravel(order="F")
    runs = [int(n) for n in np.diff([0, *(np.flatnonzero(np.diff(flat)) + 1), flat.size])]
    runs = [0, *runs] if flat[0] else runs
    from_list = compressed({"size": [height, width], "counts": runs}, (width, height))
    assert np.array_equal(coco_mask.decode(from_list), mask)


@given(masks, st.data())
def test_damaged_strings_never_reach_the_decoder(mask, data):
    height, width = mask.shape
    text = coco_mask.encode(np.asfortranarray(mask))["counts"].decode()
    place = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:place] + data.draw(st.characters(max_codepoint=0xFFFF)) + text[place + 1 :]
    try:
        passed = compressed({"size": [height, width], "counts": damaged}, (width, height))
    except ValueError:
        return
    assert coco_mask.decode(passed).shape == mask.shape


@pytest.mark.parametrize(
    "counts", [None, 6, "", "x", [6, -1, 1], [7], [6.0], ["6"], [True] * 6, [10**30, 6 - 10**30], "ooooooooooooooo0"]
)
def test_wrong_counts(counts):
    with pytest.raises(ValueError, match="RLE"):
        compressed({"size": [2, 3], "counts": counts}, (3, 2))


@pytest.mark.parametrize("size", [None, [3, 2], [2], "23"])
def test_wrong_size(size):
    with pytest.raises(ValueError, match="size"):
        compressed({"size": size, "counts": [6]}, (3, 2))
