"""WIDER FACE's protocol: AP of faces at IoU 0.5 for the settings easy, medium and hard.

Yang et al., "WIDER FACE: A Face Detection Benchmark", CVPR 2016; the rule is that of the official MATLAB code
(``eval_tools``: ``wider_eval.m``, ``norm_score.m``, ``evaluation.m``, ``boxoverlap.m``, ``VOCap.m``), whose faces are
``int32`` and whose extreme scores are ``single``: MATLAB gives what is computed with them the same type.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from anonbench.common.errors import UserError
from anonbench.evaluate.comparison import Comparison
from anonbench.evaluate.metric import Metric, Resampled, Scores
from anonbench.evaluate.records import Record, named

SETTINGS = ("easy", "medium", "hard")
_LEAST_IOU = 0.5
_INT32 = np.iinfo(np.int32)
_STEPS = 1000
_THRESHOLDS = 1 - np.arange(1, _STEPS + 1) / _STEPS
_LEAST_MAXIMUM = np.finfo(np.float32).tiny  # norm_score.m starts its search for the maximum here


@dataclass(frozen=True)
class Faces:
    """The detections of every image: (D_i,) arrays, best first, one per image in ascending order of image id.

    ``faces`` is (I, S) int64, how many faces each setting counts; ``scores`` are float64; ``counted`` and ``found`` are
    (D_i, S) bool: whether a setting counts a detection at all, and whether it is the first to find a face.
    """

    faces: np.ndarray
    scores: list[np.ndarray]
    counted: list[np.ndarray]
    found: list[np.ndarray]


class WiderFace(Metric[Faces]):
    """WIDER FACE's average precision of faces.

    The rule differs from COCO's and from Pascal VOC's:

    - A setting counts only some faces. A detection whose best face the setting does not count is left out of its
      counts, however good it is; there is no second best.
    - A box from x to x + w is w + 1 px wide. The corners of what it shares with a face, the sum of both areas and the
      IoU itself are rounded to integers, so that every face with an IoU of 0.5 or more is as good as any other: a
      detection belongs to the first of them in the order of the annotations.
    - Scores are stretched to 0..1 over the whole set, in single precision, and precision and recall are taken at 1,000
      equal steps of them. Where all scores are the same, this is 0 / 0 and nothing is found.
    - Detections in an image without any annotated face are not counted as false.
    - AP is the area under the monotone envelope of precision over recall.

    The metrics are ``AP_easy``, ``AP_medium`` and ``AP_hard``. An annotation's ``difficulty`` lists the settings that
    count it, and one without is a face that none counts, whatever its ``iscrowd``; a split in which no annotation has
    one is an error, and so is one with several categories. The instances are the faces that the setting ``hard``
    counts. In a resample, scores are stretched over the chosen images only.
    """

    protocol = "wider_face"
    kinds = ("bbox",)

    def score(self, comparison: Comparison) -> Scores:
        details = self.details(comparison)
        found = self.resample(details, np.ones((1, len(details.faces)), dtype=np.uint16)).metrics
        metrics = {key: None if np.isnan(value) else float(value) for key, (value,) in found.items()}
        (category,) = comparison.categories
        faces = int(details.faces[:, SETTINGS.index("hard")].sum())
        return Scores(metrics, {category["name"]: metrics}, {category["name"]: faces})

    def details(self, comparison: Comparison) -> Faces:
        split = comparison.split
        if len(comparison.categories) != 1:
            raise ValueError(f"WIDER FACE has one category, the face, not {len(comparison.categories)}")
        if not any("difficulty" in record for record in split["annotations"]):
            raise UserError(
                f"{named(split)} has no face with a `difficulty`, which WIDER FACE's protocol needs.",
                "Convert it again with WIDER FACE's official lists of easy, medium and hard faces.",
            )
        return _details(comparison.image_ids, split["annotations"], comparison.found())

    def resample(self, details: Faces, draws: np.ndarray) -> Resampled:
        images = np.repeat(np.arange(len(details.faces)), [len(scores) for scores in details.scores])
        scores = np.concatenate([np.zeros(0), *details.scores])
        counted, found = (
            np.concatenate([np.zeros((0, len(SETTINGS)), dtype=bool), *flags])
            for flags in (details.counted, details.found)
        )
        faces = draws @ details.faces
        values = np.empty((len(draws), len(SETTINGS)))
        for b in range(len(draws)):
            weights = draws[b, images]
            drawn = weights > 0
            steps, often = _steps(scores[drawn]), weights[drawn]
            for s in range(len(SETTINGS)):
                proposals, recalled = (
                    np.bincount(steps, weights=often * flags[drawn, s], minlength=_STEPS + 1)[:_STEPS].cumsum()
                    for flags in (counted, found)
                )
                values[b, s] = _area(proposals, recalled, int(faces[b, s]))
        return Resampled({f"AP_{setting}": values[:, s] for s, setting in enumerate(SETTINGS)})


def _steps(scores: np.ndarray) -> np.ndarray:
    """The first threshold that each of (D,) scores reaches, (D,) int64; the number of thresholds where none."""
    if not scores.size:
        return np.zeros(0, dtype=np.int64)
    single = scores.astype(np.float32)
    lowest, highest = single.min(), max(single.max(), _LEAST_MAXIMUM)
    if lowest == highest:
        return np.full(len(scores), _STEPS)
    stretched = ((single - lowest) / (highest - lowest)).astype(np.float64)
    return np.searchsorted(-_THRESHOLDS, -stretched, side="left")


def _area(proposals: np.ndarray, recalled: np.ndarray, faces: int) -> float:
    """The area under the envelope of the curve of (1000,) counts at falling thresholds."""
    if not faces:
        return float("nan")
    # Where nothing is proposed the official precision is 0 / 0, which its maximum passes over: as good as 0.
    precision = np.divide(recalled, proposals, out=np.zeros(_STEPS), where=proposals > 0)
    recall = np.concatenate([[0.0], recalled / faces, [1.0]])
    envelope = np.maximum.accumulate(np.concatenate([[0.0], precision, [0.0]])[::-1])[::-1]
    return float(np.sum(np.diff(recall) * envelope[1:]))


def _details(image_ids: list[int], faces: list[Record], found: list[Record]) -> Faces:
    faces_of, found_in = defaultdict(list), defaultdict(list)
    for records, by_image in ((faces, faces_of), (found, found_in)):
        for record in records:
            by_image[record["image_id"]].append(record)
    details = Faces(np.zeros((len(image_ids), len(SETTINGS)), dtype=np.int64), [], [], [])
    for position, key in enumerate(image_ids):
        counts = np.array([[s in face.get("difficulty", ()) for s in SETTINGS] for face in faces_of[key]], dtype=bool)
        counts = counts.reshape(-1, len(SETTINGS))
        best_first = sorted(found_in[key], key=lambda record: -record["score"])  # stable, as MATLAB's sort is
        counted, first = _match(
            np.array([face["bbox"] for face in faces_of[key]], dtype=np.float64).reshape(-1, 4),
            counts,
            np.array([record["bbox"] for record in best_first], dtype=np.float64).reshape(-1, 4),
        )
        details.faces[position] = counts.sum(axis=0)
        details.scores.append(np.array([record["score"] for record in best_first], dtype=np.float64))
        details.counted.append(counted)
        details.found.append(first)
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


def _overlaps(found: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(D, G) IoU as MATLAB has it of (D, 4) double and (G, 4) int32 boxes xywh px with the pixel at x + w and y + h.

    Whole numbers in float64: 0 below an IoU of 0.5, else 1, and more only for boxes of a few px.
    """
    corners = _int32(faces)
    corners[:, 2:] = _int32(corners[:, :2] + corners[:, 2:])
    ends = found[:, :2] + found[:, 2:]
    low = _int32(np.maximum(found[:, None, :2], corners[None, :, :2]))
    high = _int32(np.minimum(ends[:, None], corners[None, :, 2:]))
    size = _int32(_int32(high - low) + 1)
    shared = _int32(size.prod(axis=2))
    area_of_face = _int32(_int32(_int32(corners[:, 2:] - corners[:, :2]) + 1).prod(axis=1))
    area_found = (ends - found[:, :2] + 1).prod(axis=1)
    either = _int32(_int32(area_of_face[None] + area_found[:, None]) - shared)
    with np.errstate(divide="ignore", invalid="ignore"):
        overlaps = _int32(np.nan_to_num(shared / either, nan=0.0))  # 0 / 0 is 0 in int32
    return np.where((size > 0).all(axis=2), overlaps, 0.0)


def _int32(values: np.ndarray) -> np.ndarray:
    """What MATLAB's int32 makes of numbers, in float64: halves are rounded away from zero, the ends of the range stay.

    Only the product of two int32 has more digits than float64, beyond where it saturates.
    """
    values = np.clip(values, _INT32.min, _INT32.max)
    whole = np.trunc(values)
    return whole + np.sign(values) * (np.abs(values - whole) >= 0.5)
