"""Run-length encoded masks against pycocotools, by hand, on random masks and on damaged ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from pycocotools import mask as coco_mask

from anonbench.common import rle
from anonbench.common.rle import (
    area_of,
    box_of,
    compressed,
    decode_mask,
    encode_mask,
    encode_polygons,
    mask_annotation,
    uncompressed_rle,
)

masks = st_numpy.arrays(bool, st_numpy.array_shapes(min_dims=2, max_dims=2, max_side=60))
# Down the columns: one 0, three 1s, two 0s.
CORNER = np.array([[0, 1, 0], [1, 1, 0]], bool)


def test_by_hand():
    assert uncompressed_rle(CORNER) == {"size": [2, 3], "counts": [1, 3, 2]}
    assert uncompressed_rle(~CORNER) == {"size": [2, 3], "counts": [0, 1, 3, 2]}
    assert encode_mask(CORNER) == {"size": [2, 3], "counts": "132"}
    # The fourth run, 2, is written as the difference to the second, 1.
    assert encode_mask(~CORNER) == {"size": [2, 3], "counts": "0131"}
    assert np.array_equal(decode_mask({"size": [2, 3], "counts": [1, 3, 2]}), CORNER)
    assert np.array_equal(decode_mask({"size": [2, 3], "counts": "0131"}), ~CORNER)
    assert mask_annotation(CORNER) == {"bbox": [0, 0, 2, 2], "area": 3, "segmentation": encode_mask(CORNER)}


@given(masks)
def test_both_forms_decode_to_the_same_mask_here_and_in_pycocotools(mask):
    height, width = mask.shape
    encoded, plain = encode_mask(mask), uncompressed_rle(mask)
    assert encoded["counts"] == coco_mask.encode(np.asfortranarray(mask, np.uint8))["counts"].decode()
    assert sum(plain["counts"]) == mask.size and all(plain["counts"][1:])
    for segmentation in (encoded, plain):
        assert compressed(segmentation, (width, height)) == encoded
        decoded = decode_mask(segmentation)
        assert decoded.dtype == bool and np.array_equal(decoded, mask)
    assert np.array_equal(coco_mask.decode(encoded), mask)
    assert area_of(encoded) == mask.sum()
    if mask.any():
        rows, columns = np.nonzero(mask)
        assert box_of(encoded) == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]


@given(masks, st.data())
def test_damaged_strings_never_reach_native_code(mask, data):
    height, width = mask.shape
    text = encode_mask(mask)["counts"]
    place = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:place] + data.draw(st.characters(max_codepoint=0xFFFF)) + text[place + 1 :]
    try:
        passed = compressed({"size": [height, width], "counts": damaged}, (width, height))
    except ValueError:
        with pytest.raises(ValueError, match="RLE"):
            decode_mask({"size": [height, width], "counts": damaged})
        return
    assert np.array_equal(coco_mask.decode(passed), decode_mask(passed))


WRONG_COUNTS = [
    None, 6, "", "x", [6, -1, 1], [7], [], [6.0], ["6"], [True] * 6, [10**30, 6 - 10**30], [2**62, 2**62, 2**62 + 6],
    "1", "1P", "13", "133", "1o", "é", "\x00", "o" * 15 + "0",
]  # fmt: skip


@pytest.mark.parametrize("counts", WRONG_COUNTS)
def test_wrong_counts(counts):
    with pytest.raises(ValueError, match="RLE"):
        compressed({"size": [2, 3], "counts": counts}, (3, 2))
    with pytest.raises(ValueError, match="RLE"):
        decode_mask({"size": [2, 3], "counts": counts})


@pytest.mark.parametrize("size", [None, [3, 2], [2], "23", 6, [2, 3, 1]])
def test_a_size_that_is_not_the_images(size):
    with pytest.raises(ValueError, match=r"size is not the image's \[2, 3\]"):
        compressed({"size": size, "counts": [6]}, (3, 2))


@pytest.mark.parametrize("size", [None, [2], "23", [2.0, 3.0], [True, 6], [0, 0], [-2, -3], [10**6, 10**6]])
def test_a_size_that_no_mask_has(size):
    with pytest.raises(ValueError, match="size"):
        decode_mask({"size": size, "counts": [6]})


@pytest.mark.parametrize("segmentation", [None, [[1, 2, 3, 4]], "132"])
def test_what_is_no_rle(segmentation):
    for read in (decode_mask, lambda value: compressed(value, (3, 2))):
        with pytest.raises(ValueError, match="RLE"):
            read(segmentation)


def test_a_mask_beyond_any_image_is_refused_before_memory_is_allocated(monkeypatch):
    monkeypatch.setattr(rle, "MAX_PIXELS", 6)
    assert decode_mask({"size": [2, 3], "counts": [6]}).sum() == 0
    with pytest.raises(ValueError, match="size of 1 x 7"):
        decode_mask({"size": [1, 7], "counts": [7]})


def written(numbers: list[int]) -> str:
    """COCO's base-32 digits of numbers that are not negative, each with a sign bit to spare."""
    text = ""
    for number in numbers:
        while number >= 16:
            text, number = text + chr(48 + 32 + number % 32), number // 32
        text += chr(48 + number)
    return text


def test_runs_that_add_up_only_because_their_sum_overflows():
    # The k-th of n runs is a sum of differences; both are chosen so that all n add up to 2**64 + 6.
    count, largest = 66_000, 2**34 - 1
    times = [1, *((count - index + 1) // 2 for index in range(1, count))]
    numbers, rest = [], 2**64 + 6
    for often in times:
        numbers.append(min(largest, rest // often))
        rest -= numbers[-1] * often
    assert rest == 0
    with pytest.raises(ValueError, match="add up"):
        decode_mask({"size": [2, 3], "counts": written(numbers)})


def test_polygons_are_drawn_together():
    square, overlapping = [1, 1, 5, 1, 5, 4, 1, 4], [3, 1, 8, 1, 8, 4, 3, 4]
    mask = decode_mask(encode_polygons([square, overlapping], (10, 6)))
    expected = np.zeros((6, 10), bool)
    expected[1:4, 1:8] = True
    assert np.array_equal(mask, expected)
