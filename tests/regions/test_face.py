"""Faces from annotations and keypoints, and the match of detections to people."""

import numpy as np
import pytest

from anonbench.regions.anatomy import mirror_partners
from anonbench.regions.assign import assign_faces
from anonbench.regions.body import body_region
from anonbench.regions.face import annotated_face, gives_face, keypoint_face
from tests.helpers.standing import NAMES, PLACES, person

LSP = ["left_shoulder", "right_shoulder", "left_hip", "right_hip", "neck", "head_top"]


def with_visibility(values):
    return person(keypoints=np.column_stack([PLACES, values]).ravel().tolist())


def test_annotated_box_is_passed_on_as_stated():
    assert annotated_face({"id": 1, "face_box": [1, 2, 3, 4]}).box.tolist() == [1, 2, 4, 6]
    assert annotated_face({"id": 1, "face_box": [0, 0, 0, 0]}) is None  # COCO-WholeBody's "not annotated"
    assert annotated_face({"id": 1}) is None


@pytest.mark.parametrize("box", [[5, 5, -2, 3], [5, 5, 2, 0], [1, 2, float("nan"), 4], [1, None, 3, 4]])
def test_an_annotated_face_without_extent_may_be_anywhere(box):
    found = annotated_face({"id": 1, "face_box": box, "face_valid": True})
    assert (found.source, found.annotation_id) == ("unlocated", 1) and np.isnan(found.box).all()


@pytest.mark.parametrize(
    "spell",
    [
        str.upper,
        lambda name: name.replace("_", " ").title(),
        lambda name: name.replace("_", "-"),
        lambda name: name.replace("_", ""),
        lambda name: "_".join(name.split("_")[::-1]),
        lambda name: "".join(part.capitalize() for part in name.split("_")),
        lambda name: name.replace("left_", "l_").replace("right_", "R "),
    ],
)
def test_keypoints_are_known_in_every_spelling(spell):
    spelled = [spell(name) for name in NAMES]
    assert keypoint_face(person(), spelled).box.tolist() == keypoint_face(person(), NAMES).box.tolist()
    assert mirror_partners(spelled) == mirror_partners(NAMES)
    bodies = [body_region(person(), names, 240, 200, 0.1).mask for names in (spelled, NAMES)]
    assert (bodies[0] == bodies[1]).all()


def test_face_from_eyes_nose_ears_covers_the_head():
    found = keypoint_face(person(), NAMES)
    assert found.source == "keypoints"
    x1, y1, x2, y2 = found.box
    assert x1 <= 90 and x2 >= 110 and y1 <= 16 and y2 >= 39  # ear to ear, hair line to chin
    assert x2 - x1 < 50 and y2 - y1 < 50  # and not the chest


@pytest.mark.parametrize("seen", [(0, 1, 3), (0, 2, 4), (3,), (1, 2)])
def test_profile_still_covers_every_labelled_point(seen):
    values = np.full(17, 2)
    values[:5] = 0
    values[list(seen)] = 2
    x1, y1, x2, y2 = keypoint_face(with_visibility(values), NAMES).box
    assert (PLACES[list(seen)] > [x1, y1]).all() and (PLACES[list(seen)] < [x2, y2]).all()
    assert 20 < x2 - x1 < 60


def test_person_from_behind_has_no_face_from_keypoints():
    for hidden in (0, 1):
        values = np.full(17, 2)
        values[:5] = hidden
        assert keypoint_face(with_visibility(values), NAMES) is None
        assert not gives_face(with_visibility(values), NAMES)


def test_crown_and_neck():
    joints = [(130, 60), (70, 60), (120, 130), (80, 130), (100, 50), (100, 10)]
    annotation = {"id": 1, "bbox": [60, 10, 80, 220], "keypoints": [v for x, y in joints for v in (x, y, 2)]}
    x1, y1, x2, y2 = keypoint_face(annotation, LSP).box
    assert x1 <= 85 and x2 >= 115 and y1 <= 12 and y2 >= 46
    assert (x1 + x2) / 2 == 100 and y2 - y1 < 80
    nodding = {**annotation, "keypoints": annotation["keypoints"][:15] + [100, 45, 2]}
    assert keypoint_face(nodding, LSP).box[3] > 60  # the face hangs below the neck joint
    renamed = [*LSP[:5], "top_head"]
    assert keypoint_face(annotation, renamed).box.tolist() == [x1, y1, x2, y2]
    assert keypoint_face(annotation, LSP[:5] + ["other"]) is None


def test_keypoints_of_another_length_are_no_keypoints():
    assert keypoint_face(person(), NAMES[:-1]) is None


def box(x, y, w, h, key, **more):
    return {"id": key, "bbox": [x, y, w, h], "iscrowd": 0, **more}


def face_at(x, y, half=5):
    return [x - half, y - half, x + half, y + half]


def test_a_face_goes_to_the_person_around_it():
    people = [box(0, 0, 40, 100, 3), box(50, 0, 40, 100, 9)]
    faces = np.array([face_at(70, 10), face_at(20, 12), face_at(95, 10), face_at(20, 80)], float)
    owned, unmatched = assign_faces(faces, people, 100, 100)
    assert owned == {9: [0], 3: [1]}
    assert unmatched == [2, 3]  # beside everybody; at somebody's knees


def test_the_mask_decides_between_overlapping_people():
    behind = box(0, 0, 60, 100, 1, segmentation=[[0, 0, 30, 0, 30, 100, 0, 100]])
    front = box(20, 0, 60, 100, 2, segmentation=[[30, 0, 80, 0, 80, 100, 30, 100]])
    owned, _ = assign_faces(np.array([face_at(32, 10), face_at(25, 10)], float), [behind, front], 100, 100)
    assert owned == {2: [0], 1: [1]}


def test_one_face_a_person_many_a_crowd():
    faces = np.array([face_at(20, 10), face_at(24, 12), face_at(28, 60)], float)
    owned, unmatched = assign_faces(faces, [box(0, 0, 40, 100, 1)], 100, 100)
    assert owned == {1: [0]} and unmatched == [1, 2]
    owned, unmatched = assign_faces(faces, [box(0, 0, 40, 100, 1), box(0, 0, 40, 90, 2, iscrowd=1)], 100, 100)
    assert owned == {1: [0], 2: [1, 2]} and unmatched == []


def test_people_without_a_usable_box_get_no_face():
    for bbox in (None, [0, 0, 0, 0], [0, 0, float("nan"), 9]):
        owned, unmatched = assign_faces(np.array([face_at(1, 1)], float), [{"id": 1, "iscrowd": 0, "bbox": bbox}], 9, 9)
        assert (owned, unmatched) == ({}, [0])
