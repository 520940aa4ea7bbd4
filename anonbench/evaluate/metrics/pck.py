"""The percentage of correct keypoints (PCK) of people whose annotations are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anonbench.evaluate.cell import Stratum
from anonbench.evaluate.comparison import Comparison
from anonbench.evaluate.metric import Metric, Resampled, Scores
from anonbench.evaluate.records import Record
from anonbench.models.predictions import Result

_TOLERANCE = 0.2
# The torso's diameter runs from the left shoulder to the right hip (Sapp and Taskar, "MODEC", CVPR 2013, section 5);
# the other diagonal stands in where one of the two joints is not labelled.
_DIAGONALS = (("left_shoulder", "right_hip"), ("right_shoulder", "left_hip"))


@dataclass(frozen=True)
class Keypoints:
    """How many keypoints of every image count, (I, J) int64, and how many of them are correct, (I, J) int64.

    ``joints`` are their J names.
    """

    joints: list[str]
    counted: np.ndarray
    correct: np.ndarray


class Pck(Metric[Keypoints]):
    """``PCK``, PCK@0.2: the share of labelled keypoints that are predicted within 0.2 torso diameters of their place.

    The convention of Leeds Sports Pose. Categories without shoulders and hips are normalised by the longer side of
    the box instead (Yang and Ramanan, "Articulated Human Detection with Flexible Mixtures of Parts", PAMI 2013,
    section 7). Crowds, and people whose torso is not labelled, are left out. A person without a prediction has all
    keypoints wrong; of several predictions for one person, the one with the highest score counts. It is pooled over all
    keypoints, and undefined where no result names a person (``annotation_id``) or no keypoint counts.

    The strata of the scope ``joint`` have the PCK of each joint, left and right together.
    """

    kinds = ("keypoints",)

    def score(self, comparison: Comparison) -> Scores:
        found = self.details(comparison)
        if found is None:
            return Scores({"PCK": None})
        counted, correct = found.counted.sum(axis=0), found.correct.sum(axis=0)
        strata = {
            joint: Stratum(instances=int(of), metrics={"PCK": int(right) / int(of)})
            for joint, of, right in zip(found.joints, counted, correct, strict=True)
            if of
        }
        total = int(counted.sum())
        return Scores(
            {"PCK": int(correct.sum()) / total if total else None}, strata={"joint": strata} if strata else {}
        )

    def details(self, comparison: Comparison) -> Keypoints | None:
        best = _best(comparison.results)
        if not best:
            return None
        place = {image_id: position for position, image_id in enumerate(comparison.image_ids)}
        categories = comparison.by_id()
        joints_of = {key: [_joint(name) for name in category["keypoints"]] for key, category in categories.items()}
        joints = list(dict.fromkeys(joint for names in joints_of.values() for joint in names))
        counted, correct = np.zeros((2, len(place), len(joints)), dtype=np.int64)
        columns = {key: np.array([joints.index(joint) for joint in names]) for key, names in joints_of.items()}
        for person in comparison.annotations():
            places = np.array(person.get("keypoints") or (), dtype=np.float64).reshape(-1, 3)
            labelled = places[:, 2] > 0
            size = _size(person, places, categories[person["category_id"]]["keypoints"])
            if person.get("iscrowd") or size is None or not labelled.any():
                continue
            cells = place[person["image_id"]], columns[person["category_id"]]
            np.add.at(counted, cells, labelled)
            if person["id"] in best:
                predicted = np.array(best[person["id"]]["keypoints"], dtype=np.float64).reshape(-1, 3)
                distance = np.hypot(*(predicted[:, :2] - places[:, :2]).T)
                np.add.at(correct, cells, labelled & (distance <= _TOLERANCE * size))
        return Keypoints(joints, counted, correct)

    def resample(self, details: Keypoints, draws: np.ndarray) -> Resampled:
        counted, correct = (draws @ of.astype(np.float64) for of in (details.counted, details.correct))
        joints = {name: {"PCK": _share(correct[:, j], counted[:, j])} for j, name in enumerate(details.joints)
                  if details.counted[:, j].any()}  # fmt: skip
        return Resampled({"PCK": _share(correct.sum(axis=1), counted.sum(axis=1))}, strata={"joint": joints})


def _share(correct: np.ndarray, counted: np.ndarray) -> np.ndarray:
    return np.divide(correct, counted, out=np.full(len(counted), np.nan), where=counted > 0)


def _joint(name: str) -> str:
    """The joint that a keypoint is of, on either side."""
    return name.removeprefix("left_").removeprefix("right_")


def _best(results: list[Result]) -> dict[int, Result]:
    """The result with the highest score of each annotated person, by the annotation's id."""
    best: dict[int, Result] = {}
    for result in results:
        key = result.get("annotation_id")
        if key is not None and (key not in best or result["score"] > best[key]["score"]):
            best[key] = result
    return best


def _size(person: Record, places: np.ndarray, names: list[str]) -> float | None:
    """The length in px that distances are measured by, or None where it is not known or zero."""
    if not all(name in names for diagonal in _DIAGONALS for name in diagonal):
        return max(person["bbox"][2:]) or None
    for diagonal in _DIAGONALS:
        if len(places) == len(names):
            a, b = (places[names.index(name)] for name in diagonal)
            if a[2] > 0 and b[2] > 0:
                return float(np.hypot(*(a - b)[:2])) or None
    return None
