"""MTCNN, on a rendered scene and on a photograph."""

import zipfile

import cv2
import numpy as np
import pytest
import torch

from anonbench.config.regions import FaceRegionConfig
from anonbench.detect.faces import face_detector


@pytest.fixture(scope="module")
def detect():
    torch.set_num_threads(1)
    return face_detector(FaceRegionConfig(detector="mtcnn"))


def test_faces_of_a_scene(detect, scene):
    found = detect(scene.image)
    boxes = found.boxes[np.argsort(found.boxes[:, 0])]
    assert len(found) == 2 and found.landmarks is None
    assert np.abs(boxes - scene.faces).max() < 30
    assert found.scores[0] >= found.scores[1] > 0.7
    assert len(face_detector(FaceRegionConfig(detector="mtcnn", min_face_size=200))(scene.image)) == 0


def test_sizes_that_facenet_pytorch_fails_at(detect):
    rng = np.random.default_rng(0)
    for height, width in ((4, 300), (16, 16), (1, 1), (60, 90)):
        found = detect(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        assert found.boxes.shape == (len(found), 4)


@pytest.mark.photographs
def test_a_photograph(detect, shared_data):
    with zipfile.ZipFile(shared_data / "PennFudanPed.zip") as archive:
        data = archive.read("PennFudanPed/PNGImages/FudanPed00001.png")
    photo = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    found = detect(photo)
    # Two people walk; the annotated boxes are (160, 182) - (302, 431) and (420, 171) - (535, 486).
    left, right = found.boxes[np.argsort(found.boxes[:, 0])]
    assert 200 < left[0] < left[2] < 260 and 182 < left[1] < left[3] < 240
    assert 420 < right[0] < right[2] < 480 and 171 < right[1] < right[3] < 240
    assert found.scores[0] >= found.scores[1] > 0.9
