"""People, from what a stand-in for NanoDet's network answers."""

from __future__ import annotations

import numpy as np
import pytest

from anonbench.detect import nanodet
from anonbench.detect.nanodet import NanoDet
from anonbench.detect.weights import WeightFile

FAR = 30.0  # a number that makes a choice certain


@pytest.fixture
def detector(monkeypatch):
    """NanoDet whose network finds a person of these sides, in strides of 16 px, where the image is brightest."""

    class Stub:
        def __init__(self, model, outputs):
            assert model == ("graph", "numbers", tuple(outputs))
            self.seen = []

        def __call__(self, blob):
            self.seen.append(blob)
            scores = [np.zeros((1, (416 // s) ** 2, 80), np.float32) for s in (8, 16, 32)]
            sides = [np.zeros((1, (416 // s) ** 2, 44), np.float32) for s in (8, 16, 32)]
            bright = blob[0].sum(axis=0)
            if bright.max() > 0:
                row, column = np.unravel_index(bright.argmax(), bright.shape)
                place = row // 16 * 26 + column // 16
                scores[1][0, place, [0, 7]] = 0.8, 0.99  # a person, and something else
                for side, strides in enumerate((1, 3, 2, 4)):
                    sides[1][0, place, 11 * side + strides] = FAR
            return [*scores, *sides]

    monkeypatch.setattr(WeightFile, "read", lambda file: {"nanodet.json": "graph", "nanodet.bin": "numbers"}[file.name])
    monkeypatch.setattr(nanodet, "to_onnx", lambda graph, numbers, outputs: (graph, numbers, tuple(outputs)))
    monkeypatch.setattr(nanodet, "Network", Stub)
    return NanoDet()


def test_a_person_is_where_the_network_says(detector):
    image = np.zeros((416, 208, 3), np.uint8)
    image[100:104, 50:54] = 255  # in the cell of column 3, row 6: its middle is at (56, 104)
    found = detector(image)
    assert found.boxes[0] == pytest.approx([56 - 16, 104 - 48, 56 + 32, 104 + 64])
    assert found.scores[0] == pytest.approx(0.8) and found.landmarks is None


def test_small_people_are_looked_for_in_tiles_as_well(detector):
    image = np.zeros((704, 704, 3), np.uint8)
    image[600:604, 600:604] = 255
    found = detector(image)
    # The tile begins at 288 px: column and row 19, whose middle is at 288 + 312.
    assert any(box == pytest.approx([600 - 16, 600 - 48, 600 + 32, 600 + 64]) for box in found.boxes)
    assert len(detector._network.seen) == 5


def test_tiles_leave_large_people_to_the_whole_image(detector, monkeypatch):
    monkeypatch.setattr(nanodet, "_LARGEST", 100)  # the stand-in's are 112 px high
    image = np.zeros((704, 704, 3), np.uint8)
    image[600:604, 600:604] = 255
    (box,) = detector(image).boxes
    assert box[3] - box[1] == pytest.approx(112 * 704 / 416)


def test_the_network_sees_normalised_blue_green_red_without_a_change_of_shape(detector):
    image = np.zeros((100, 200, 3), np.uint8)
    image[...] = (255, 0, 128)
    detector(image)
    whole = detector._network.seen[0]
    assert whole.shape == (1, 3, 416, 416) and whole.dtype == np.float32
    assert whole[0, :, 50, 50] == pytest.approx([0.42649, -2.03571, 2.24891], abs=1e-4)
    assert whole[0, :, 210, 10] == pytest.approx([-1.80444, -2.03571, -2.11790], abs=1e-4)  # black beside the image


def test_less_confident_people_are_left_out(detector):
    image = np.zeros((416, 416, 3), np.uint8)
    image[100, 100] = 255
    assert len(detector(image)) > 0
    detector.threshold = 0.81
    assert len(detector(image)) == 0
    assert len(detector(np.zeros((1, 3, 3), np.uint8))) == 0
