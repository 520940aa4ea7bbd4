"""Masks of people: annotated ones, boxes, and drawn skeletons."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as rle
from scipy import ndimage

from anonbench.regions.anatomy import labelled, stature
from anonbench.regions.body import body_region, decode_mask, skeleton_mask
from tests.helpers.standing import NAMES, PLACES, person


def region(annotation, names=NAMES, height=240, width=200):
    return body_region(annotation, names, height, width, limb_width=0.1)


def test_stature_survives_one_misplaced_joint():
    points = labelled(person()["keypoints"], NAMES)
    assert stature(points) == pytest.approx(200, rel=0.15)
    points["left_wrist"] = points["left_wrist"] + [0, 400, 0]
    assert stature(points) == pytest.approx(200, rel=0.15)


def test_skeleton_covers_joints_limbs_head_and_hands_but_not_the_scene():
    found = region(person())
    assert (found.source, found.annotation_id) == ("keypoints", 7)
    assert found.mask[PLACES[:, 1], PLACES[:, 0]].all()
    halfway = (PLACES[[5, 7, 11, 13]] + PLACES[[7, 9, 13, 15]]) // 2
    assert found.mask[halfway[:, 1], halfway[:, 0]].all()
    assert found.mask[80, 100] and found.mask[12, 100] and found.mask[40, 100]  # belly, hair, throat
    assert found.mask[130, 129]  # hand, beyond the wrist
    assert not found.mask[30, 150] and not found.mask[200, 100]  # beside the head, between the feet
    rows, columns = np.nonzero(found.mask)
    assert found.box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_limb_width_widens():
    points = labelled(person()["keypoints"], NAMES)
    thin, thick = (skeleton_mask(points, 240, 200, width) for width in (0.05, 0.2))
    assert thick[thin].mean() == 1 and thick.sum() > 1.3 * thin.sum()


def test_precedence_mask_box_skeleton_box_from_keypoints():
    square = [[10, 10, 30, 10, 30, 40, 10, 40]]
    assert region(person(segmentation=square)).box.tolist() == [10, 10, 30, 40]
    roomy = region(person(bbox_source=None, bbox=[20, 0, 160, 240]))
    assert (roomy.mask, roomy.source, roomy.box.tolist()) == (None, "annotated", [20, 0, 180, 240])
    unlabelled = region(person(visibility=0))
    assert (unlabelled.mask, unlabelled.source, unlabelled.box.tolist()) == (None, "keypoints", [70, 10, 130, 210])


def test_a_box_that_the_skeleton_leaves_is_hidden_with_it():
    found = region(person(bbox_source=None, bbox=[60.0, 40, 80, 100]))
    skeleton = region(person()).mask
    box = np.zeros((240, 200), bool)
    box[40:140, 60:140] = True
    assert (found.mask == (skeleton | box)).all() and skeleton[~box].any() and box[~skeleton].any()
    assert (found.source, found.is_exact) == ("keypoints", False)


def test_a_box_that_is_the_extent_of_the_keypoints_is_grown():
    """CVAT writes such a box, which leaves hair, hands and feet outside."""
    low, high = PLACES.min(0), PLACES.max(0)
    found = region(person(bbox_source=None, bbox=[*map(float, low), *map(float, high - low)]))
    extent = np.zeros((240, 200), bool)
    extent[low[1] : high[1], low[0] : high[0]] = True
    reach = 0.1 * (high - low).max()
    distance = ndimage.distance_transform_edt(~(region(person()).mask | extent))
    assert (found.mask == (distance <= reach + 1e-3)).all() and not found.is_exact


def test_a_head_that_nobody_labelled_is_on_the_shoulders():
    values = np.full(17, 2)
    values[:5] = 0
    keypoints = np.column_stack([PLACES, values]).ravel().tolist()
    mask = region(person(keypoints=keypoints)).mask
    assert mask[14:40, 100].all() and mask[PLACES[:5, 1], PLACES[:5, 0]].all()
    upside_down = np.column_stack([PLACES[:, 0], 239 - PLACES[:, 1], values]).ravel().tolist()
    turned = region(person(keypoints=upside_down)).mask[::-1]
    assert turned[PLACES[:5, 1], PLACES[:5, 0]].all()


def test_of_a_mask_and_a_box_that_contradict_each_other_both_are_hidden():
    square = [[10, 10, 30, 10, 30, 40, 10, 40]]
    found = region(person(segmentation=square, bbox=[100, 100, 20, 30], bbox_source=None, doubtful=True))
    assert (found.mask, found.box.tolist(), found.is_exact) == (None, [10, 10, 120, 130], False)


@pytest.mark.parametrize(
    "bbox", [None, [70, 10, 0, 0], [70, 10, 0, 9], [70, 10, 9, -1], [500, 10, 9, 9], [-20, 10, 9, 9], [1, 2, None, 4]]
)
def test_without_a_usable_box_the_skeleton_says_where_somebody_is_or_nothing_does(bbox):
    there = region(person(bbox=bbox, bbox_source=None))
    assert there.source == "keypoints" and (there.mask == region(person()).mask).all()
    nowhere = region(person(visibility=0, bbox=bbox, bbox_source=None))
    assert (nowhere.source, nowhere.annotation_id, nowhere.mask) == ("unlocated", 7, None)
    assert np.isnan(nowhere.box).all()


def test_crowd_rle_is_people_too():
    mask = np.zeros((240, 200), np.uint8)
    mask[5:50, 20:90] = 1
    compressed = rle.encode(np.asfortranarray(mask))
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[2], mask.T.ravel(), [2]])))).tolist()
    for segmentation in (
        {"size": [240, 200], "counts": runs},
        {"size": [240, 200], "counts": compressed["counts"].decode()},
    ):
        found = region({"id": 1, "iscrowd": 1, "bbox": [0, 0, 1, 1], "segmentation": segmentation})
        assert np.array_equal(found.mask, mask.astype(bool)) and found.source == "annotated"


@pytest.mark.parametrize(
    "segmentation",
    [
        None, [], [[]], [[1, 2, 3, 4]], [[0, 0, 9, 0, 9, float("nan")]], [[0, 0, 9, 0, 9, 9], [1]],
        {"size": [9, 9], "counts": [0, 81]}, {"size": [20, 20], "counts": [0, 81]}, {"size": [20, 20], "counts": [400]},
        {"size": [20, 20], "counts": [-1, 401]}, {"size": [20, 20], "counts": "5"}, {"size": [20, 20]},
    ],
)  # fmt: skip
def test_unusable_mask_falls_back_on_the_whole_box(segmentation):
    assert decode_mask(segmentation, 20, 20) is None
    found = body_region({"id": 1, "bbox": [2, 3, 4, 5], "segmentation": segmentation}, [], 20, 20, 0.1)
    assert found.mask is None and found.box.tolist() == [2, 3, 6, 8]


@pytest.mark.filterwarnings("error")
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e9, 1e9) | st.just(float("nan")), min_size=34, max_size=34),
    st.lists(st.sampled_from([0, 1, 2]), min_size=17, max_size=17),
)
def test_any_joints_give_a_mask_of_the_image_or_the_box(places, visibility):
    keypoints = np.column_stack([np.reshape(places, (17, 2)), visibility]).ravel().tolist()
    found = region(person(keypoints=keypoints), height=40, width=30)
    assert found.mask is None or (found.mask.shape == (40, 30) and found.mask.any())
