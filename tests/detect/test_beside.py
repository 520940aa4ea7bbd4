"""Detections of nobody who is annotated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonbench.detect.beside import _covered, beside

KNOWN = [np.array([10.0, 10, 50, 90])]


@pytest.mark.parametrize(
    ("found", "stranger"),
    [
        ([60, 10, 90, 90], True),  # beside
        ([12, 8, 48, 92], False),  # the same
        ([10, 10, 50, 26], False),  # the head of the same: within it
        ([45, 10, 85, 90], True),  # one arm across
        ([30, 10, 70, 90], False),  # half of it: the same, drawn badly
        ([0, 0, 200, 200], True),  # far larger: somebody near, before them
    ],
)
def test_a_detection_is_of_an_annotated_person_or_of_a_stranger(found, stranger) -> None:
    assert beside(np.array([found], float), KNOWN).tolist() == [stranger]


def test_people_together_cover_a_detection() -> None:
    """One of three people whom an annotator drew as one crowd, and the other way round."""
    row = [np.array([x, 0.0, x + 10, 40]) for x in (0, 10, 20, 30)]
    assert beside(np.array([[0.0, 0, 40, 40]]), row).tolist() == [False]
    assert beside(np.array([[0.0, 0, 40, 40]]), row[:3]).tolist() == [False]
    assert beside(np.array([[0.0, 0, 40, 40]]), row[:2]).tolist() == [True]


def test_without_annotations_all_are_strangers() -> None:
    assert beside(np.array([[0, 0, 5, 5.0], [1, 1, 2, 2]]), []).tolist() == [True, True]
    assert beside(np.zeros((0, 4)), KNOWN).tolist() == []


boxes = st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(1, 12)] * 2).map(
    lambda b: [b[0], b[1], b[0] + b[2], b[1] + b[3]]
)


@given(boxes, st.lists(boxes, min_size=1, max_size=4))
def test_the_union_covers_what_its_pixels_cover(box, known) -> None:
    drawn = np.zeros((40, 40), bool)
    for x1, y1, x2, y2 in known:
        drawn[y1:y2, x1:x2] = True
    x1, y1, x2, y2 = box
    assert _covered(np.array(box, float), np.array(known, float)) == pytest.approx(drawn[y1:y2, x1:x2].mean())
