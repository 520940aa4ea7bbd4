"""How much detections and instances overlap: IoU of boxes and masks, and object keypoint similarity (OKS).

As pycocotools' ``computeIoU`` and ``computeOks`` have them, but of any detections and instances, whatever their
categories.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from anonbench.evaluate.records import Record


def overlaps(
    found: Sequence[Record], truth: Sequence[Record], kind: str, sigmas: Sequence[float] | None = None
) -> np.ndarray:
    """(D, G) overlaps in [0, 1] of an image's detections and instances.

    Parameters
    ----------
    found, truth
        As :class:`anonbench.evaluate.comparison.Comparison` gives them, masks as RLE. An overlap with a crowd is the
        share of the detection that lies in it.
    kind
        ``bbox``, ``segmentation`` or ``keypoints``.
    sigmas
        OKS standard deviations, one per keypoint, for ``keypoints``.
    """
    from pycocotools import mask as rle

    if not found or not truth:
        return np.zeros((len(found), len(truth)))
    if kind == "keypoints":
        return _similarities(found, truth, np.asarray(sigmas, dtype=np.float64))
    return rle.iou([d[kind] for d in found], [g[kind] for g in truth], [g["iscrowd"] for g in truth])


def encoded(segmentation: list | Record, image: Record) -> Record:
    """A mask as RLE, of polygons or RLE and the record of its image."""
    from pycocotools import mask as rle

    if isinstance(segmentation, dict):
        return segmentation
    return rle.merge(rle.frPyObjects(segmentation, image["height"], image["width"]))


def keypoint_similarities(found: np.ndarray, person: Record, sigmas: np.ndarray) -> np.ndarray:
    """(D, K) similarities exp(-d² / (8 σ² area)) of (D, K, 2) places in px to a person's; NaN where not labelled."""
    places = np.asarray(person["keypoints"], dtype=np.float64).reshape(-1, 3)
    away = ((found - places[:, :2]) ** 2).sum(axis=2)
    similar = np.exp(-away / (2 * sigmas) ** 2 / (person["area"] + np.spacing(1)) / 2)
    return np.where(places[:, 2] > 0, similar, np.nan)


def _similarities(found: Sequence[Record], truth: Sequence[Record], sigmas: np.ndarray) -> np.ndarray:
    places = np.array([d["keypoints"] for d in found], dtype=np.float64).reshape(len(found), -1, 3)[..., :2]
    return np.stack([_similarity(places, person, sigmas) for person in truth], axis=1)


def _similarity(places: np.ndarray, person: Record, sigmas: np.ndarray) -> np.ndarray:
    """(D,) OKS of (D, K, 2) places in px and a person, without labelled keypoints by how far they are from the box."""
    if any(v > 0 for v in person["keypoints"][2::3]):
        return np.nanmean(keypoint_similarities(places, person, sigmas), axis=1)
    x, y, w, h = person["bbox"]  # three times as large, as pycocotools has it
    low, high = np.array([x - w, y - h]), np.array([x + 2 * w, y + 2 * h])
    away = ((np.maximum(0, low - places) + np.maximum(0, places - high)) ** 2).sum(axis=2)
    return np.exp(-away / (2 * sigmas) ** 2 / (person["area"] + np.spacing(1)) / 2).mean(axis=1)
