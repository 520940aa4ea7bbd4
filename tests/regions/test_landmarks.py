"""Where the landmarks of faces are: found, annotated, or guessed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from anonbench.detect.detector import Detections
from anonbench.regions.anatomy import PUPILS, labelled
from anonbench.regions.face import keypoint_face
from anonbench.regions.landmarks import GUESSED, LANDMARKS, SEEN, Marker, upright, whole_head
from anonbench.regions.region import DETECTED, KEYPOINTS, Region, anywhere

NAMES = ["nose", "left_eye", "right_eye", "left_ear", "right_ear", "head_top", "neck"]
BOX = np.array([40.0, 20, 80, 72])


def marked(region: Region, found: Detections, **points: tuple[float, float]) -> np.ndarray | None:
    """The landmarks of a region of somebody with these keypoints, where a detector finds these faces."""
    side = 2 * (region.box[2:] - region.box[:2]).max()
    corner = (region.box[:2] + region.box[2:] - side) / 2
    marker = seeing(lambda shown: found.moved((shown.shape[1] / side,) * 2, tuple(-corner)), grow=0.1)
    person = labelled([v for name in NAMES for v in (*points.get(name, (0, 0)), 2 * (name in points))], NAMES)
    return marker(np.zeros((120, 160, 3), np.uint8), [region], {7: person})[0].keypoints


def seeing(detect: Callable[[np.ndarray], Detections], grow: float = 0) -> Marker:
    """A marker with this detector."""
    marker = Marker(grow)
    marker.__dict__["_detector"] = detect
    return marker


def detections(*faces: tuple[np.ndarray, float]) -> Detections:
    """Faces of these boxes and scores; the landmarks of each are at its number."""
    boxes = np.array([box for box, _ in faces], float).reshape(-1, 4)
    landmarks = np.repeat(np.arange(len(faces), dtype=float), 10).reshape(-1, 5, 2)
    return Detections(boxes, np.array([score for _, score in faces]), landmarks)


def test_the_most_confident_face_in_the_region_counts() -> None:
    found = detections(
        (BOX + [60, 0, 60, 0], 0.99),  # beside it
        ([0, 0, 100, 120], 0.98),  # a larger one, which reaches far out of it
        ([50, 30, 62, 42], 0.97),  # something small within
        (BOX + 3, 0.7),
        (BOX - 3, 0.8),
    )
    eyes = {"nose": (60, 50), "left_eye": (65, 40), "right_eye": (55, 40)}
    landmarks = marked(Region(BOX, annotation_id=7), found, **eyes)
    assert landmarks == pytest.approx(np.tile([4.0, 4, SEEN], (5, 1)))


def test_annotated_eyes_and_nose_place_the_mouth() -> None:
    """On a face that is turned by a quarter, clockwise: its left eye is below the right one."""
    places = np.array([70.0, 50]) + 12 * upright() @ np.array([[0.0, 1], [-1, 0]])
    known = dict(zip(LANDMARKS[:3], map(tuple, places), strict=False))
    landmarks = marked(Region(BOX, annotation_id=7), detections(), **known)
    assert landmarks == pytest.approx(np.concatenate([places, np.full((5, 1), SEEN)], 1), abs=1e-6)


def test_annotated_landmarks_stay_where_they_are() -> None:
    """Also on a face that is no similar one, as seen from the side."""
    known = {"right_eye": (50.0, 40.0), "left_eye": (58.0, 38.0), "nose": (51.0, 47.0)}
    landmarks = marked(Region(BOX, annotation_id=7), detections(), **known)
    assert landmarks[:3, :2].tolist() == [list(place) for place in known.values()]


def test_one_side_of_a_face_gives_the_other() -> None:
    places = dict(
        zip(("left_eye", "left_ear", "nose"), (60, 40) + 10 * upright(("left_eye", "left_ear", "nose")), strict=True)
    )
    region = keypoint_face({"id": 7, "keypoints": [*places["left_eye"], 2, *places["nose"], 2]}, ["left_eye", "nose"])
    landmarks = marked(region, detections(), **places)
    assert landmarks[:, :2] == pytest.approx((60, 40) + 10 * upright(), abs=1e-6) and (landmarks[:, 2] == GUESSED).all()


def test_the_back_of_a_head_is_upright() -> None:
    """Its left ear is on the left; a face that has it there stands on its head."""
    region = Region(BOX, source=KEYPOINTS, annotation_id=7)
    landmarks = marked(region, detections(), left_ear=(40, 50), right_ear=(80, 50))
    apart = 40 / 0.64 * PUPILS
    assert landmarks[:, :2] == pytest.approx((60, 50) + apart * (upright() - (0, 0.25)), abs=1e-6)
    alone = marked(region, detections(), nose=(60, 50), head_top=(60, 20), neck=(60, 59))
    assert alone[2, :2] == pytest.approx((60, 50)) and alone[1, 0] - alone[0, 0] == pytest.approx(30 * PUPILS)


@pytest.mark.parametrize("neck", [(60, 59), (99, 20)])
def test_crown_and_neck_give_the_turn(neck: tuple[float, float]) -> None:
    landmarks = marked(Region(BOX, source=KEYPOINTS, annotation_id=7), detections(), head_top=(60, 20), neck=neck)
    down = (np.array(neck) - (60, 20)) / 39
    eyes, mouth = landmarks[:2, :2], landmarks[3:, :2].mean(0)
    assert eyes.mean(0) == pytest.approx((60, 20) + 39 * 0.385 * down)
    assert eyes[1] - eyes[0] == pytest.approx(PUPILS * 30 * np.array([down[1], -down[0]]))
    assert mouth - eyes.mean(0) == pytest.approx(1.155 * PUPILS * 30 * down)


@pytest.mark.parametrize(("source", "margin"), [("annotated", 0), (DETECTED, 5.2)])
def test_a_box_is_of_an_upright_face(source: str, margin: float) -> None:
    """A detected one was grown by a tenth of its longer side, here of 52 px."""
    box = BOX + np.array([-margin, -margin, margin, margin])
    landmarks = marked(Region(box, source=source, annotation_id=7), detections())
    assert landmarks[0] == pytest.approx((40 + 0.27 * 40, 20 + 0.37 * 52, GUESSED))
    assert landmarks[4] == pytest.approx((40 + 0.685 * 40, 20 + 0.735 * 52, GUESSED))


def test_who_is_nowhere_has_none() -> None:
    marker, nowhere = seeing(lambda shown: detections()), anywhere(3)
    found = marker(np.zeros((9, 9, 3), np.uint8), [nowhere, Region(BOX)])
    assert found[0] == nowhere and found[1].keypoints.shape == (5, 3)


def test_a_head_is_the_square_that_keypoints_give() -> None:
    landmarks = np.concatenate([(60, 40) + 14 * upright(), np.full((5, 1), 2.0)], 1)
    head = whole_head(Region(BOX, keypoints=landmarks, annotation_id=7))
    assert head.box[2:] - head.box[:2] == pytest.approx(np.full(2, 1.2 * 14 / PUPILS)) and head.source == KEYPOINTS
    assert (head.keypoints == landmarks).all()
    assert whole_head(head) is None and whole_head(Region(BOX)) is None
    guessed = landmarks * [1, 1, 0.5]
    assert whole_head(Region(BOX, keypoints=guessed)) is None


def test_the_detector_sees_a_face_alone_with_the_images_border_repeated() -> None:
    """A square of twice the box's longer side, of which a quarter is left of the image and a quarter above it."""
    pixels, seen = np.full((40, 60, 3), 50, np.uint8), []
    pixels[:2], pixels[:, :2] = 100, 200
    marker = seeing(lambda shown: seen.append(shown) or detections())
    marker(pixels, [Region(np.array([0.0, 0, 20, 16]))])
    (shown,) = seen
    assert shown.shape == (160, 160, 3)
    left, above, inside = shown[:, :38], shown[:46, 60:], shown[60:, 60:]  # the corner is at 40 and 48 px
    assert [round(float(part.mean())) for part in (left, above, inside)] == pytest.approx([200, 100, 50], abs=3)
    marker(pixels, [Region(np.array([500.0, 0, 520, 16])), Region(np.array([-4e6, -4e6, 4e6, 4e6]))])
    assert len(seen) == 1  # the first is nowhere in the image, in the other's square it is smaller than a pixel
