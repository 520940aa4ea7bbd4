"""Levels: which sizes of faces each looks for, and that places come back to the image."""

import numpy as np
import pytest

from anonbench.detect.detector import Detections
from anonbench.detect.network import any_size
from anonbench.detect.pyramid import Pyramid, levels
from anonbench.detect.weights import CENTERFACE, YUNET


class Squares(Pyramid):
    """Finds, at every level, squares of these sides in px of that level, each at its own place."""

    def __init__(self, *sides, min_face_size=16):
        super().__init__(min_face_size, threshold=0.5)
        self.sides, self.shapes = sides, []

    def find(self, image):
        self.shapes.append(image.shape[:2])
        x = 10.0 + 400 * np.arange(len(self.sides))
        boxes = np.stack([x, x * 0 + 10, x + self.sides, x * 0 + 10 + self.sides], axis=1)
        return Detections(boxes, np.full(len(boxes), 0.9), np.zeros((len(boxes), 5, 2)))


def test_levels_end_where_no_larger_face_has_room():
    assert list(levels(1024, 1.0)) == pytest.approx([1, 1 / 3, 1 / 9])
    assert list(levels(192, 1.0)) == [1.0]
    assert list(levels(100, 2.0)) == pytest.approx([2, 2 / 3])


def test_each_level_looks_for_its_sizes():
    detect = Squares(20, 100, 250)
    found = detect(np.zeros((1500, 1500, 3), np.uint8))
    assert detect.shapes == [(1500, 1500), (500, 500), (167, 167)]
    sides = (found.boxes[:, 2:] - found.boxes[:, :2])[:, 0].round()
    # 20 px is too small, 250 px too large for the middle level; only the last one takes what is large.
    assert sorted(sides) == pytest.approx([20, 100, 300, 898, 2246], abs=1)
    assert found.boxes.min(axis=0)[1] == 10 and 30 in found.boxes[:, 1].round()


def test_a_smaller_least_size_enlarges_the_image():
    detect = Squares(min_face_size=8)
    assert len(detect(np.zeros((70, 90, 3), np.uint8))) == 0
    assert detect.shapes == [(140, 180)]


@pytest.mark.parametrize("weights", [CENTERFACE, YUNET])
def test_a_model_of_any_size_takes_the_image_alone_and_promises_no_size(weights):
    graph = any_size(weights.read()).graph
    (image,) = graph.input
    assert [dimension.dim_param or dimension.dim_value for dimension in image.type.tensor_type.shape.dim] == [
        1, 3, "height", "width",
    ]  # fmt: skip
    assert not graph.value_info and not any(output.type.tensor_type.HasField("shape") for output in graph.output)
