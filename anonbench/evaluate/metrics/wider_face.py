"""WIDER FACE's protocol: AP of faces at IoU 0.5 for the settings easy, medium and hard.

Yang et al., "WIDER FACE: A Face Detection Benchmark", CVPR 2016; the rule is that of the official MATLAB code
(``eval_tools``: ``wider_eval.m``, ``norm_score.m``, ``evaluation.m``, ``boxoverlap.m``, ``VOCap.m``), which differs
from COCO's and from Pascal VOC's:

- A setting counts only some faces. A detection whose best face the setting does not count is left out of its counts,
  however good it is; there is no second best.
- A box from x to x + w is w + 1 px wide.
- Scores are stretched to 0..1 over the whole set, and precision and recall are taken at 1,000 equal steps of them.
  Where all scores are the same, this is 0 / 0 and nothing is found.
- Detections in an image without any annotated face are not counted as false.
- AP is the area under the monotone envelope of precision over recall.

The per-image detail has ``protocol`` (``wider_face``), ``image_ids`` (ascending) and parallel lists over the images:
``faces``, the numbers that the three settings count, and per detection, best first, ``scores``, ``counted`` and
``found``, where bit s of an integer stands for the setting s. ``found`` marks the first detection of a counted face.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from anonbench.common.errors import UserError
from anonbench.evaluate.records import detections, named

SETTINGS = ("easy", "medium", "hard")
_LEAST_IOU = 0.5
_STEPS = 1000
_THRESHOLDS = 1 - np.arange(1, _STEPS + 1) / _STEPS
_LEAST_MAXIMUM = float(np.finfo(np.float32).tiny)  # norm_score.m starts its search for the maximum here


def score_task(
    annotations: dict[str, Any], categories: list[dict[str, Any]], task: str, results: list[dict[str, Any]]
) -> dict[str, Any]:
    """Score ``detection``; parameters and result are those of :func:`anonbench.evaluate.metrics.coco.score_task`.

    ``metrics`` are ``AP_easy``, ``AP_medium`` and ``AP_hard``. An annotation's ``difficulty`` lists the settings that
    count it, and one without is a face that none counts, whatever its ``iscrowd``. ``instances`` are the faces that the
    setting ``hard`` counts.

    Raises
    ------
    UserError
        If no annotation has a ``difficulty``, or a result is not finite.
    ValueError
        If the split has several categories, or a result names an image or category that it does not have.
    """
    if len(categories) != 1:
        raise ValueError(f"WIDER FACE has one category, the face, not {len(categories)}")
    if not any("difficulty" in record for record in annotations["annotations"]):
        raise UserError(
            f"{named(annotations)} has no face with a `difficulty`, by which WIDER FACE's protocol is scored.",
            "Convert it again with WIDER FACE's official lists of easy, medium and hard faces.",
        )
    known = {image["id"] for image in annotations["images"]}
    found = detections(results, task, known, {categories[0]["id"]: categories[0]})
    details = _details(sorted(known), annotations["annotations"], found)
    values = average_precisions(details)
    metrics = {name: None if np.isnan(value) else value for name, value in values.items()}
    instances = sum(faces[SETTINGS.index("hard")] for faces in details["faces"])
    return {
        "instances": instances,
        "metrics": metrics,
        "categories": {categories[0]["name"]: {"instances": instances, **metrics}},
        "per_image": details,
    }


def average_precisions(details: dict[str, Any], image_indices: np.ndarray | None = None) -> dict[str, float]:
    """``AP_easy``, ``AP_medium`` and ``AP_hard`` of a resample of a split's images.

    Parameters
    ----------
    details
        The per-image detail of a cell.
    image_indices
        (N,) integer positions in ``image_ids``, repeated as drawn; None for every image once.

    Returns
    -------
    dict
        In [0, 1], scores stretched over the chosen images only; NaN for a setting that counts none of their faces.
    """
    chosen = range(len(details["image_ids"])) if image_indices is None else np.asarray(image_indices).tolist()
    scores = np.array([value for i in chosen for value in details["scores"][i]], dtype=np.float64)
    counted, found = (
        np.array([value for i in chosen for value in details[key][i]], dtype=np.int64) for key in ("counted", "found")
    )
    faces = np.array([details["faces"][i] for i in chosen], dtype=np.int64).reshape(-1, len(SETTINGS)).sum(axis=0)
    steps = _steps(scores)
    values = {}
    for s, setting in enumerate(SETTINGS):
        proposals, recalled = (
            np.bincount(steps, weights=bits >> s & 1, minlength=_STEPS + 1)[:_STEPS].cumsum()
            for bits in (counted, found)
        )
        values[f"AP_{setting}"] = _area(proposals, recalled, int(faces[s]))
    return values


def _steps(scores: np.ndarray) -> np.ndarray:
    """The first threshold that each of (D,) scores reaches, (D,) int64; the number of thresholds where none."""
    if not scores.size:
        return np.zeros(0, dtype=np.int64)
    lowest, highest = scores.min(), max(scores.max(), _LEAST_MAXIMUM)
    if lowest == highest:
        return np.full(len(scores), _STEPS)
    return np.searchsorted(-_THRESHOLDS, -(scores - lowest) / (highest - lowest), side="left")


def _area(proposals: np.ndarray, recalled: np.ndarray, faces: int) -> float:
    """The area under the envelope of the curve of (1000,) counts at falling thresholds."""
    if not faces:
        return float("nan")
    # Where nothing is proposed the official precision is 0 / 0, which its maximum passes over: as good as 0.
    precision = np.divide(recalled, proposals, out=np.zeros(_STEPS), where=proposals > 0)
    recall = np.concatenate([[0.0], recalled / faces, [1.0]])
    envelope = np.maximum.accumulate(np.concatenate([[0.0], precision, [0.0]])[::-1])[::-1]
    return float(np.sum(np.diff(recall) * envelope[1:]))


def _details(image_ids: list[int], faces: list[dict[str, Any]], found: list[dict[str, Any]]) -> dict[str, Any]:
    details: dict[str, Any] = {"protocol": "wider_face", "image_ids": image_ids}
    details |= {key: [] for key in ("faces", "scores", "counted", "found")}
    faces_of, found_in = defaultdict(list), defaultdict(list)
    for records, by_image in ((faces, faces_of), (found, found_in)):
        for record in records:
            by_image[record["image_id"]].append(record)
    for key in image_ids:
        counts = np.array([[s in face.get("difficulty", ()) for s in SETTINGS] for face in faces_of[key]], dtype=bool)
        counts = counts.reshape(-1, len(SETTINGS))
        best_first = sorted(found_in[key], key=lambda record: -record["score"])  # stable, as MATLAB's sort is
        counted, first = _match(
            np.array([face["bbox"] for face in faces_of[key]], dtype=np.float64).reshape(-1, 4),
            counts,
            np.array([record["bbox"] for record in best_first], dtype=np.float64).reshape(-1, 4),
        )
        details["faces"].append(counts.sum(axis=0).tolist())
        details["scores"].append([record["score"] for record in best_first])
        details["counted"].append((counted @ (1 << np.arange(len(SETTINGS)))).tolist())
        details["found"].append((first @ (1 << np.arange(len(SETTINGS)))).tolist())
    return details


def _match(faces: np.ndarray, counts: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(D, S) bool twice, of (G, 4) faces and (D, 4) detections xywh px, best first, and (G, S) what settings count.

    The first says whether a setting counts a detection at all, the second whether it is the first to find a face.
    """
    counted = np.zeros((len(found), counts.shape[1]), dtype=bool)
    first = np.zeros_like(counted)
    if not len(faces) or not len(found):
        return counted, first
    overlaps = _overlaps(found, faces)
    best = overlaps.argmax(axis=1)
    hit = overlaps.max(axis=1) >= _LEAST_IOU
    counted = ~hit[:, None] | counts[best]
    earliest = np.full(len(faces), len(found))
    np.minimum.at(earliest, best[hit], np.flatnonzero(hit))
    is_earliest = hit & (earliest[best] == np.arange(len(found)))
    first = is_earliest[:, None] & counts[best]
    return counted, first


def _overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(A, B) IoU of (A, 4) and (B, 4) boxes xywh px that include the pixel at x + w and y + h."""
    a, b = (np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1) for boxes in (a, b))
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    size = high - low + 1
    shared = np.where((size > 0).all(axis=2), size.prod(axis=2), 0.0)
    areas = [(boxes[:, 2:] - boxes[:, :2] + 1).prod(axis=1) for boxes in (a, b)]
    return shared / (areas[0][:, None] + areas[1][None] - shared)
