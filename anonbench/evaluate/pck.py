"""The percentage of correct keypoints (PCK) of people whose annotations are known."""

from __future__ import annotations

from typing import Any

import numpy as np

_TOLERANCE = 0.2
# The torso's diameter runs from the left shoulder to the right hip (Sapp and Taskar, "MODEC", CVPR 2013, section 5);
# the other diagonal stands in where one of the two joints is not labelled.
_DIAGONALS = (("left_shoulder", "right_hip"), ("right_shoulder", "left_hip"))


def pck(
    people: list[dict[str, Any]], results: list[dict[str, Any]], categories: dict[int, dict[str, Any]]
) -> float | None:
    """PCK@0.2: the share of labelled keypoints that are predicted within 0.2 torso diameters of their place.

    The convention of Leeds Sports Pose. Categories without shoulders and hips are normalised by the longer side of
    the box instead (Yang and Ramanan, "Articulated Human Detection with Flexible Mixtures of Parts", PAMI 2013,
    section 7). Crowds, and people whose torso is not labelled, are left out. A person without a prediction has all
    keypoints wrong.

    Parameters
    ----------
    people
        Annotations in the common form with ``keypoints`` flat ``[x, y, v] * K`` px.
    results
        COCO keypoint results with ``annotation_id``; of several for one person, the one with the highest score counts.
    categories
        By id, with their ``keypoints``' names.

    Returns
    -------
    float or None
        In [0, 1], pooled over all keypoints; None where no result names a person or no keypoint counts.
    """
    best: dict[int, dict[str, Any]] = {}
    for result in results:
        key = result.get("annotation_id")
        if key is not None and (key not in best or result["score"] > best[key]["score"]):
            best[key] = result
    if not best:
        return None
    correct = total = 0
    for person in people:
        places = np.array(person.get("keypoints") or (), dtype=np.float64).reshape(-1, 3)
        labelled = places[:, 2] > 0
        size = _size(person, places, categories[person["category_id"]]["keypoints"])
        if person.get("iscrowd") or size is None or not labelled.any():
            continue
        total += int(labelled.sum())
        if person["id"] in best:
            predicted = np.array(best[person["id"]]["keypoints"], dtype=np.float64).reshape(-1, 3)
            distance = np.hypot(*(predicted[:, :2] - places[:, :2]).T)
            correct += int((distance[labelled] <= _TOLERANCE * size).sum())
    return correct / total if total else None


def _size(person: dict[str, Any], places: np.ndarray, names: list[str]) -> float | None:
    """The length in px that distances are measured by, or None where it is not known or zero."""
    if not all(name in names for diagonal in _DIAGONALS for name in diagonal):
        return max(person["bbox"][2:]) or None
    for diagonal in _DIAGONALS:
        if len(places) == len(names):
            a, b = (places[names.index(name)] for name in diagonal)
            if a[2] > 0 and b[2] > 0:
                return float(np.hypot(*(a - b)[:2])) or None
    return None
