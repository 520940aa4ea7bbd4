"""What is drawn where, by the pixels."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as rle

from anonbench.evaluate.contrasts.record import (
    ContrastCategory,
    ContrastImage,
    Detection,
    Instance,
    Mask,
    TaskContrast,
)
from anonbench.report import drawing
from anonbench.report.drawing import FALSE, GAP, PANE, RIGHT, STRIP, side_by_side

GREY = 120
IMAGE = np.full((120, 160, 3), GREY, np.uint8)
SCALE = PANE / 160
ONE = [ContrastCategory(id=2, name="person", skeleton=[[1, 2]])]
CAR = ContrastCategory(id=3, name="car")
TITLES = ("left", "right")


def box(x, y, w, h, score=0.5):
    """Where it is, and how sure."""
    return [x, y, w, h], score


def drawn(left, right, kind="bbox", categories=ONE, truth=(), image=IMAGE):
    """What either model finds: places with scores, and whether each matches."""
    halves = [
        [Detection(category=2, place=place, score=score, match=0 if match else -1) for (place, score), match in half]
        for half in (left, right)
    ]
    instances = [Instance(category=2, place=place) for place in truth]
    one = ContrastImage(file_name="1.png", instances=instances, original=halves[0], variant=halves[1])
    return side_by_side(image, one, TITLES, TaskContrast(kind=kind, categories=categories, images=[one]))


def at(picture, x, y, half=0):
    """The pixel of a place of the image."""
    return tuple(picture[STRIP + round(SCALE * y), round(SCALE * x) + half * (PANE + GAP)].tolist())


def colours(picture):
    return {tuple(colour) for colour in np.unique(picture.reshape(-1, 3), axis=0).tolist()}


def test_halves_show_what_either_model_finds_in_its_colour():
    picture = drawn([(box(40, 40, 60, 60), True)], [(box(40, 40, 60, 60), False)])
    assert picture.shape == (STRIP + 360, 2 * PANE + GAP, 3) and picture.dtype == np.uint8
    assert at(picture, 40, 70) == RIGHT and at(picture, 40, 70, half=1) == FALSE
    assert at(picture, 100, 70) == RIGHT and at(picture, 70, 100, half=1) == FALSE
    assert at(picture, 70, 70) == at(picture, 20, 70) == (GREY,) * 3
    assert RIGHT not in colours(picture[:, PANE:]) and FALSE not in colours(picture[:, :PANE])


def test_instances_are_thin_white_lines_in_both_halves_below_detections():
    picture = drawn([(box(20, 60, 100, 40), True)], [], truth=[[20, 20, 100, 80]])
    assert min(*at(picture, 20, 35), *at(picture, 20, 80, half=1)) > 220
    assert at(picture, 20, 80) == RIGHT


def test_a_label_has_the_score_and_says_what_is_false(monkeypatch):
    said = []
    real = drawing.cv2.putText
    monkeypatch.setattr(
        drawing.cv2, "putText", lambda picture, text, *rest: said.append(text) or real(picture, text, *rest)
    )
    pair = [(box(40, 40, 60, 60, 0.876), True)], [(box(40, 40, 60, 60, 0.3), False)]
    drawn(*pair)
    assert said == ["0.88", "left", "0.30 false", "right"]
    said.clear()
    drawn(*pair, categories=[*ONE, CAR])
    drawn(*pair, categories=[ContrastCategory(id=2, name="persönlich"), CAR])
    assert said[0] == "person 0.88" and said[2] == "person 0.30 false" and said[4] == "pers?nlich 0.88"


@pytest.mark.parametrize("place", [(-30, -30), (155, 115)])
def test_a_label_stays_inside(place):
    picture = drawn([(box(*place, 60, 60), True)], [])
    half = picture[STRIP:, :PANE]
    filled = (half == RIGHT).all(axis=2)
    assert filled.sum() > 200 and RIGHT not in colours(picture[:, PANE:]) and RIGHT not in colours(picture[:STRIP])


def test_masks_are_outlined_along_their_border():
    mask = np.zeros((120, 160), np.uint8)
    mask[30:90, 40:100] = 1
    coded = rle.encode(np.asfortranarray(mask))
    found = Mask(size=coded["size"], counts=coded["counts"].decode()), 0.5
    picture = drawn([(found, True)], [(found, False)], "segmentation")
    assert at(picture, 40.5, 60) == RIGHT and at(picture, 99.5, 60, half=1) == FALSE
    assert at(picture, 70, 60) == at(picture, 30, 60) == (GREY,) * 3


def test_poses_are_bones_between_the_known_keypoints():
    found = [40, 60, 1, 120, 60, 1, 80, 100, 1], 0.5
    picture = drawn([(found, True)], [], "keypoints", truth=[[40, 80, 2, 120, 80, 0, 80, 20, 2]])
    assert at(picture, 80, 60) == at(picture, 80, 100) == RIGHT
    assert at(picture, 80, 20) == (255, 255, 255) and at(picture, 80, 80) == at(picture, 120, 80) == (GREY,) * 3


def test_a_pose_far_outside_is_drawn_without_an_error():
    picture = drawn([(([1e12, 60, 1, -1e12, 60, 1], 0.5), True)], [], "keypoints")
    assert at(picture, 80, 60) == RIGHT


def test_large_and_upright_images_fit():
    picture = drawn([], [], image=np.zeros((2000, 1000, 3), np.uint8))
    assert picture.shape == (STRIP + PANE, PANE + GAP, 3)
