"""COCO's evaluation: pycocotools without its printing, its in-place changes and its blind spots."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anonbench.evaluate.comparison import Comparison
from anonbench.evaluate.matches import Matches, matches_of
from anonbench.evaluate.records import Record, Values

if TYPE_CHECKING:
    from pycocotools.coco import COCO


@dataclass(frozen=True)
class Evaluation:
    """What pycocotools makes of one IoU type.

    ``precision`` is (T, R, K, A, M) and ``recall`` (T, K, A, M) float64 over IoU thresholds, recall thresholds,
    categories, area ranges and numbers of detections, -1 where undefined. ``images[k]`` has, for category k and all
    areas, an entry per image (in ascending order of image id), None where the image has neither instances nor
    detections of it.
    """

    precision: np.ndarray
    recall: np.ndarray
    images: list[list[Record | None]]
    areas: tuple[str, ...]
    max_detections: tuple[int, ...]


def evaluate(
    images: Sequence[Record],
    categories: Sequence[Record],
    instances: list[Record],
    detections: list[Record],
    iou_type: str,
    sigmas: Sequence[float] | None = None,
) -> Evaluation:
    """Run COCO's evaluation on records that this function may keep and change.

    Parameters
    ----------
    images, categories
        COCO records; categories in the order of the result's axis K, ids ascending.
    instances
        Ground truth with ``image_id``, ``category_id``, ``bbox``, ``area``, ``iscrowd`` and what the IoU type needs.
    detections
        The same plus ``score``, instead of ``iscrowd``. They do not go through ``COCO.loadRes``, which fails on an
        empty list.
    iou_type
        ``bbox``, ``segm`` or ``keypoints``.
    sigmas
        OKS standard deviations, one per keypoint, for ``keypoints``.
    """
    from pycocotools.cocoeval import COCOeval

    for records in (instances, detections):
        for key, record in enumerate(records, start=1):
            record["id"] = key  # pycocotools takes a match with id 0 for no match
    for record in detections:
        record["iscrowd"] = 0
    with contextlib.redirect_stdout(io.StringIO()):
        run = COCOeval(_indexed(images, categories, instances), _indexed(images, categories, detections), iou_type)
        if sigmas is not None:
            run.params.kpt_oks_sigmas = np.asarray(sigmas, dtype=np.float64)
        run.evaluate()
        run.accumulate()
    count, ranges = len(run.params.imgIds), len(run.params.areaRng)
    per_category = [run.evalImgs[k * ranges * count :][:count] for k in range(len(categories))]
    return Evaluation(
        run.eval["precision"], run.eval["recall"], per_category,
        tuple(run.params.areaRngLbl), tuple(run.params.maxDets),
    )  # fmt: skip


def _indexed(images: Sequence[Record], categories: Sequence[Record], annotations: list[Record]) -> COCO:
    from pycocotools.coco import COCO

    indexed = COCO()
    indexed.dataset = {"images": list(images), "categories": list(categories), "annotations": annotations}
    indexed.createIndex()
    return indexed


def runs_of(comparison: Comparison) -> list[tuple]:
    """The arguments of :func:`evaluate` for a task, of one run after another; together they have all its categories.

    OKS knows one set of sigmas per run, so every category with keypoints is a run of its own.
    """
    categories, iou_type, found = comparison.categories, comparison.task.iou_type, comparison.found()
    groups = [[category] for category in categories] if iou_type == "keypoints" else [categories]
    runs = []
    for group in groups:
        ids = {category["id"] for category in group}
        chosen = [record for record in found if record["category_id"] in ids]
        sigmas = group[0]["sigmas"] if iou_type == "keypoints" else None
        runs.append((comparison.split["images"], group, comparison.truth(ids), chosen, iou_type, sigmas))
    return runs


def evaluations(comparison: Comparison) -> list[Evaluation]:
    """COCO's evaluation of a task, of one run after another."""
    return [evaluate(*arguments) for arguments in runs_of(comparison)]


def overall(runs: list[Evaluation], iou_type: str) -> Values:
    """COCO's metrics over all categories, as :class:`anonbench.evaluate.metrics.coco.Coco` describes them."""
    precision = np.concatenate([run.precision for run in runs], axis=2)
    recall = np.concatenate([run.recall for run in runs], axis=1)
    areas, limits = runs[0].areas, runs[0].max_detections
    metrics = _average_precisions(precision[:, :, :, 0, -1])
    metrics |= {f"AP_{area}": _mean(precision[:, :, :, a, -1]) for a, area in enumerate(areas) if area != "all"}
    for m, limit in enumerate(limits):
        metrics["AR" if iou_type == "keypoints" else f"AR{limit}"] = _mean(recall[:, :, 0, m])
    return metrics


def by_category(runs: list[Evaluation], categories: Sequence[Record]) -> dict[str, Values]:
    """``AP``, ``AP50`` and ``AP75`` of every category, by its name."""
    precision = np.concatenate([run.precision for run in runs], axis=2)
    return {
        category["name"]: _average_precisions(precision[:, :, k : k + 1, 0, -1])
        for k, category in enumerate(categories)
    }


def matches_by_category(runs: list[Evaluation], categories: Sequence[Record]) -> dict[str, Matches]:
    """The matches of every detection, by category's name."""
    entries = [entries for run in runs for entries in run.images]
    return {category["name"]: matches_of(of) for category, of in zip(categories, entries, strict=True)}


def _average_precisions(precision: np.ndarray) -> Values:
    """``AP``, ``AP50``, ``AP75`` of (T, R, K) precisions at IoU thresholds 0.50, 0.55, ..., 0.95."""
    return {"AP": _mean(precision), "AP50": _mean(precision[0]), "AP75": _mean(precision[5])}


def _mean(values: np.ndarray) -> float | None:
    defined = values[values > -1]
    return float(defined.mean()) if defined.size else None
