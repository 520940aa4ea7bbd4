"""A rendered street scene with two faces, as a photograph that may lie in the repository."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from anonbench.datasets.scenes.identity import identity_pool
from anonbench.datasets.scenes.render import render_scene


@dataclass(frozen=True)
class Scene:
    """(H, W, 3) uint8 RGB, and the (N, 4) ``xyxy`` px of its visible faces, from left to right."""

    image: np.ndarray
    faces: np.ndarray


@pytest.fixture(scope="session")
def scene() -> Scene:
    """1,280 x 960 px; the faces are 66 and 84 px high."""
    image, annotations = render_scene(0, "train", 3, (1280, 960), identity_pool(0, "train"))
    boxes = np.array([one["face_box"] for one in annotations if one.get("face_valid")], float)
    boxes[:, 2:] += boxes[:, :2]
    return Scene(image, boxes[np.argsort(boxes[:, 0])])
