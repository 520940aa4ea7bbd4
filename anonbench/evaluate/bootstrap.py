"""AP of any resample of a split's images, from the per-image detail of a cell and without the images' boxes.

The detail of a task is ``image_ids`` (ascending) and, for each category name, parallel lists over the images that
have instances or detections of it: ``images`` (positions in ``image_ids``), ``instances`` (that count), and per
detection, best first, ``scores``, ``matched`` and ``ignored``, where bit t of an integer stands for the IoU threshold
0.50 + 0.05 t. Protocols whose AP is made of other things have a detail of their own and name themselves in it under
``protocol``: see :mod:`anonbench.evaluate.metrics.wider_face` and :mod:`anonbench.evaluate.metrics.cityscapes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

THRESHOLDS = 10  # IoU or OKS 0.50:0.05:0.95
_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class Matches:
    """The detections of one category: ``starts`` and ``counts`` (I,) int64 index the (D,) arrays by image position.

    ``instances`` is (I,) int64, ``scores`` (D,) float64; ``matched`` and ``ignored`` are (T, D) bool.
    """

    starts: np.ndarray
    counts: np.ndarray
    instances: np.ndarray
    scores: np.ndarray
    matched: np.ndarray
    ignored: np.ndarray


def unpack(details: dict[str, Any]) -> list[Matches]:
    """COCO's detail of one task as arrays, one record a category; do it once before many resamples."""
    return [_unpack(columns, len(details["image_ids"])) for columns in details["categories"].values()]


def ap_from_details(details: dict[str, Any], image_indices: np.ndarray | None = None) -> float:
    """AP, averaged over IoU thresholds and categories, of a resample of a split's images.

    Parameters
    ----------
    details
        A task's ``per_image`` of a cell.
    image_indices
        (N,) integer positions in ``image_ids``, repeated as drawn; None for every image once.

    Returns
    -------
    float
        What pycocotools, or the protocol's own rule, reports for a dataset of these images, in [0, 1]; NaN where
        they have no instance. For WIDER FACE it is the AP of the setting ``hard``.
    """
    match details.get("protocol"):
        case "wider_face":
            from anonbench.evaluate.metrics import wider_face

            return wider_face.average_precisions(details, image_indices)["AP_hard"]
        case "cityscapes":
            from anonbench.evaluate.metrics import cityscapes

            return cityscapes.average_precisions(details, image_indices)["AP"]
    return average_precision(unpack(details), image_indices)


def average_precision(categories: list[Matches], image_indices: np.ndarray | None = None) -> float:
    """As :func:`ap_from_details`, from the arrays of :func:`unpack`; categories without an instance do not count."""
    values = [value for matches in categories if (value := _category_ap(matches, image_indices)) is not None]
    return float(np.mean(values)) if values else float("nan")


def _unpack(columns: dict[str, list], images: int) -> Matches:
    counts, instances = np.zeros((2, images), dtype=np.int64)
    counts[columns["images"]] = [len(scores) for scores in columns["scores"]]
    instances[columns["images"]] = columns["instances"]
    scores = np.array([score for row in columns["scores"] for score in row], dtype=np.float64)
    bits = np.arange(THRESHOLDS)[:, None]
    matched, ignored = (
        (np.array([value for row in columns[key] for value in row], dtype=np.int64) >> bits & 1).astype(bool)
        for key in ("matched", "ignored")
    )
    return Matches(np.cumsum(counts) - counts, counts, instances, scores, matched, ignored)


def _category_ap(matches: Matches, image_indices: np.ndarray | None) -> float | None:
    chosen = np.arange(len(matches.counts)) if image_indices is None else np.asarray(image_indices, dtype=np.int64)
    instances = matches.instances[chosen].sum()
    if instances == 0:
        return None
    counts = matches.counts[chosen]
    if counts.sum() == 0:
        return 0.0
    # Positions of every chosen image's detections, image after image.
    drawn = np.arange(counts.sum()) + np.repeat(matches.starts[chosen] - (np.cumsum(counts) - counts), counts)
    drawn = drawn[np.argsort(-matches.scores[drawn], kind="stable")]
    matched, ignored = matches.matched[:, drawn], matches.ignored[:, drawn]
    true = np.cumsum(matched & ~ignored, axis=1, dtype=np.float64)
    false = np.cumsum(~matched & ~ignored, axis=1, dtype=np.float64)
    precision = true / (true + false + np.spacing(1))
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    # COCO's 101-point interpolation; recalls that are never reached have precision 0.
    envelope = np.concatenate([envelope, np.zeros((THRESHOLDS, 1))], axis=1)
    reached = [np.searchsorted(recall, _RECALLS, side="left") for recall in true / instances]
    return float(np.take_along_axis(envelope, np.array(reached), axis=1).mean())
