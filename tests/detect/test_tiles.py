"""Tiles: they cover the image, share their margins, and give everything once."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonbench.detect.detector import Detections, distinct, nothing, together
from anonbench.detect.tiles import longer_sides, padded_to_multiple, resized, stretches, tiled


@given(st.integers(1, 20_000), st.integers(64, 2000), st.integers(0, 60))
def test_stretches_cover_a_side_and_share_the_margin(length, longest, margin):
    found = stretches(length, longest, margin)
    assert found[0][0] == 0 and found[-1][1] == length
    assert len({end - start for start, end in found}) == 1 and found[0][1] <= longest
    assert all(first[1] - second[0] >= margin - 1 for first, second in zip(found, found[1:], strict=False))


def test_as_few_tiles_as_possible():
    assert stretches(1536, 1536, 256) == [(0, 1536)]
    assert stretches(1537, 1536, 256) == [(0, 897), (640, 1537)]


def white_boxes(image):
    """A detector of white rectangles."""
    count, _, stats, _ = cv2.connectedComponentsWithStats((image[..., 0] > 100).astype(np.uint8))
    boxes = stats[1:, :4].astype(float)
    boxes[:, 2:] += boxes[:, :2]
    return Detections(boxes, np.ones(count - 1))


def test_what_a_border_cuts_is_left_to_the_tile_that_has_it_whole():
    image = np.zeros((300, 500, 3), np.uint8)
    expected = [(0, 0, 30, 30), (185, 10, 225, 40), (240, 140, 280, 170), (60, 150, 100, 190), (470, 260, 500, 300)]
    for x1, y1, x2, y2 in expected:
        image[y1:y2, x1:x2] = 255
    for longest in (200, 1000):
        found = tiled(image, white_boxes, longest, margin=50)
        assert {tuple(box) for box in found.boxes.astype(int).tolist()} == set(expected)
    assert len(found) == len(expected)


def test_a_place_in_a_level_is_brought_back_to_the_image():
    image = np.zeros((301, 101, 3), np.uint8)
    level, enlarge = resized(image, 1 / 3)
    assert level.shape == (100, 34, 3) and enlarge == (101 / 34, 3.01)
    assert resized(image, 1.0)[0] is image
    assert resized(image, 0.001)[0].shape == (1, 1, 3)
    found = Detections(np.array([[1.0, 2, 3, 4]]), np.ones(1), np.array([[[1.0, 2]] * 5]))
    moved = found.moved((2, 10), (5, 7))
    assert moved.boxes.tolist() == [[12, 90, 16, 110]] and moved.landmarks[0, 0].tolist() == [12, 90]


def test_padding_is_black_below_and_on_the_right():
    image = padded_to_multiple(np.full((33, 64, 3), 9, np.uint8), 32)
    assert image.shape == (64, 64, 3) and image[:33].min() == 9 and image[33:].max() == 0


def test_of_boxes_that_overlap_the_most_confident_stays():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10], [0, 0, 10, 25]], float)
    found = Detections(boxes, np.array([0.5, 0.9, 0.6, 0.4]), np.arange(40.0).reshape(4, 5, 2))
    kept = distinct(found, overlap=0.4)
    assert kept.boxes.tolist() == boxes[[1, 2, 3]].tolist() and kept.scores.tolist() == [0.9, 0.6, 0.4]
    assert kept.landmarks[:, 0, 0].tolist() == [10, 20, 30]
    assert len(distinct(found, overlap=0.9)) == 4
    assert len(distinct(nothing(landmarks=True), overlap=0.4)) == 0


def test_together_and_longer_sides():
    one = Detections(np.array([[0.0, 0, 4, 9]]), np.array([0.3]))
    both = together([one, nothing(landmarks=False), one])
    assert both.boxes.shape == (2, 4) and both.scores.tolist() == [0.3, 0.3] and both.landmarks is None
    assert longer_sides(both.boxes).tolist() == [9, 9] and longer_sides(np.zeros((0, 4))).shape == (0,)
    with pytest.raises(ValueError):
        together([])
