"""The attacker who only looks for faces."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from anonbench.attacks.attack import Attack, Case, Outcome
from anonbench.attacks.people import Photograph
from anonbench.attacks.record import Found
from anonbench.config.privacy import AttackConfig
from anonbench.config.regions import FaceRegionConfig
from anonbench.detect.detector import Detector
from anonbench.detect.tiles import resized

# px of a face's longer side at which it is looked for, and by how much a small one is enlarged at most. A face that was
# blurred or cut into squares can look like one again when it is small.
SIDES, ENLARGE = (20, 40, 80, 160), 4


class Config(AttackConfig):
    """``detector``: which one looks for faces, and ``threshold``, from which score on it has found one, by default the
    detector's own. The surroundings are shown unless the configuration hides them: detectors need them."""

    attack: Literal["residual"]
    surroundings: Literal["hidden", "shown"] = "shown"
    detector: Literal["yunet", "centerface", "mtcnn"] = "yunet"
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = None


class Residual(Attack):
    """Looks for faces where faces were: how many of them does a detector still find?

    Each face is looked for in a window of 2.6 times its size, at several scales. It is found where, at any of them, the
    middle of a detection lies within the face's box and the middle of that box within the detection.
    """

    Config = Config
    config: Config
    regions = ("face",)
    widen = 2.0

    def attack(self, case: Case) -> Outcome:
        # Not above: the detectors' packages take their time.
        from anonbench.detect.faces import face_detector

        detector = face_detector(FaceRegionConfig(detector=self.config.detector, threshold=self.config.threshold))
        people = case.targets.shown
        found = [is_found(person, detector) for person in people]
        return Outcome(found=Found(identities=people.identities.tolist(), found=found))


def is_found(person: Photograph, detector: Detector) -> bool:
    """Whether the detector finds the person's face in the photograph."""
    rows, columns = np.flatnonzero(person.mask.any(1)), np.flatnonzero(person.mask.any(0))
    face = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float)
    scales = sorted({min(side / person.side, ENLARGE) for side in SIDES})
    for scale in scales:
        level, back = resized(person.image, scale)
        boxes = detector(level).moved(back).boxes
        if (_has(boxes, _middles(face[None])) & _has(face[None], _middles(boxes))).any():
            return True
    return False


def _middles(boxes: np.ndarray) -> np.ndarray:
    """(N, 2) of (N, 4) ``xyxy`` boxes."""
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _has(boxes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Whether each box holds its point; one box or one point stands for all."""
    return ((boxes[:, :2] <= points) & (points <= boxes[:, 2:])).all(axis=1)
