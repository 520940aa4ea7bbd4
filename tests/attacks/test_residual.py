"""The faces that a detector still finds."""

from __future__ import annotations

import numpy as np
import pytest

from anonbench.attacks.attack import Case
from anonbench.attacks.attackers.residual import Config, Residual, is_found
from anonbench.attacks.people import Album, Pairs, Photograph
from anonbench.detect import faces
from anonbench.detect.detector import Detections, Detector

FACE = np.array([30, 40, 50, 60.0])  # in an image of 80 x 100 px


def photograph(value: int = 200, identity: int = 0) -> Photograph:
    mask = np.zeros((100, 80), bool)
    mask[40:60, 30:50] = True
    image = np.full((100, 80, 3), 90, np.uint8)
    image[mask] = value
    return Photograph(image=image, mask=mask, side=20, identity=identity)


class At(Detector):
    """Finds a box, given in px of the photograph, in every image of that height; else nothing."""

    def __init__(self, box: np.ndarray, height: int | None = None) -> None:
        self.box, self.height, self.seen = np.asarray(box, float), height, []

    def __call__(self, image: np.ndarray) -> Detections:
        self.seen.append(image.shape[:2])
        if self.height not in (None, image.shape[0]):
            return Detections(np.zeros((0, 4)), np.zeros(0))
        return Detections(self.box[None] * image.shape[0] / 100, np.ones(1))


@pytest.mark.parametrize(
    ("box", "found"),
    [
        (FACE, True),
        (FACE + [9, 0, 9, 0], True),  # each holds the other's middle
        (FACE + [11, 0, 11, 0], False),
        (FACE + [0, 11, 0, 11], False),
        ([20, 30, 60, 70], True),  # a head
        ([0, 42, 80, 100], False),  # a body, whose middle is below the face
        ([31, 41, 37, 47], False),  # an eye
        ([37, 47, 43, 53], True),
    ],
)
def test_a_face_is_found_where_detection_and_region_hold_each_others_middles(box, found: bool) -> None:
    assert is_found(photograph(), At(box)) is found


def test_faces_are_looked_for_at_several_scales_until_one_finds_them() -> None:
    nowhere = At([0, 0, 5, 5])
    assert not is_found(photograph(), nowhere)
    assert nowhere.seen == [(100, 80), (200, 160), (400, 320)]  # 20, 40 and 80 px; more than four times as large: never
    assert is_found(photograph(), At(FACE, height=400))
    early = At(FACE)
    is_found(photograph(), early)
    assert early.seen == [(100, 80)]


def test_everybody_who_is_attacked_has_an_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bright(At):
        def __call__(self, image):
            return super().__call__(image) if image.max() > 150 else Detections(np.zeros((0, 4)), np.zeros(0))

    asked = []
    monkeypatch.setattr(faces, "face_detector", lambda config: asked.append(config) or Bright(FACE))
    shown = Album([photograph(200, 7), photograph(100, 7), photograph(200, 8)], "face")
    clear = Album([photograph(200, who) for who in (7, 7, 8)], "face")
    config = Config(attack="residual", detector="centerface", threshold=0.4)
    case = Case("face", Pairs(clear, clear), Pairs(clear, shown), None, 0, "cpu")
    found = Residual(config).attack(case).found
    assert (found.identities, found.found) == ([7, 7, 8], [True, False, True])
    assert (asked[0].detector, asked[0].threshold) == ("centerface", 0.4)


def test_the_surroundings_are_shown_by_default() -> None:
    assert Config(attack="residual").surroundings == "shown"
    assert Config(attack="residual").detector == "yunet"
    assert Residual.regions == ("face",) and Residual.widen == 2
