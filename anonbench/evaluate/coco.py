"""COCO's evaluation: pycocotools without its printing, its in-place changes and its blind spots."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from anonbench.evaluate.comparison import Comparison
from anonbench.evaluate.matches import CategoryMatches, average_precisions, average_recalls, category_of
from anonbench.evaluate.metric import Resampled, mean_of_defined
from anonbench.evaluate.records import Record, Values

if TYPE_CHECKING:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval


class Evaluation:
    """What pycocotools makes of one IoU type.

    Parameters
    ----------
    run
        With every image evaluated.
    """

    def __init__(self, run: COCOeval) -> None:
        self._run = run
        self.areas: tuple[str, ...] = tuple(run.params.areaRngLbl)
        bare = run.params.iouType == "keypoints"
        self.limits: dict[str, int] = {"AR" if bare else f"AR{limit}": limit for limit in run.params.maxDets}
        """How many of an image's best detections count, by the name of the recall that is taken of them."""

    @property
    def precision(self) -> np.ndarray:
        """(T, R, K, A, M) float64 over IoU thresholds, recall thresholds, categories, area ranges and numbers of
        detections, -1 where undefined."""
        return self._accumulated["precision"]

    @property
    def recall(self) -> np.ndarray:
        """(T, K, A, M) float64 over the same, -1 where undefined."""
        return self._accumulated["recall"]

    def categories(self) -> list[CategoryMatches]:
        """The matches of every category."""
        # evalImgs has an entry per category, area range and image, the last one fastest.
        images = len(self._run.params.imgIds)
        entries = [self._run.evalImgs[start : start + images] for start in range(0, len(self._run.evalImgs), images)]
        ranges = len(self.areas)
        return [
            category_of(dict(zip(self.areas, entries[start : start + ranges], strict=True)), self.limits)
            for start in range(0, len(entries), ranges)
        ]

    @cached_property
    def _accumulated(self) -> Record:
        with contextlib.redirect_stdout(io.StringIO()):
            self._run.accumulate()
        return self._run.eval


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
    return Evaluation(run)


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


def overall(runs: list[Evaluation]) -> Values:
    """COCO's metrics over all categories, as :class:`anonbench.evaluate.metrics.coco.Coco` describes them."""
    precision = np.concatenate([run.precision for run in runs], axis=2)
    recall = np.concatenate([run.recall for run in runs], axis=1)
    areas, limits = runs[0].areas, runs[0].limits
    metrics = _average_precisions(precision[:, :, :, 0, -1])
    metrics |= {f"AP_{area}": _mean(precision[:, :, :, a, -1]) for a, area in enumerate(areas) if area != "all"}
    return metrics | {name: _mean(recall[:, :, 0, m]) for m, name in enumerate(limits)}


def by_category(runs: list[Evaluation], categories: Sequence[Record]) -> dict[str, Values]:
    """``AP``, ``AP50`` and ``AP75`` of every category, by its name."""
    precision = np.concatenate([run.precision for run in runs], axis=2)
    return {
        category["name"]: _average_precisions(precision[:, :, k : k + 1, 0, -1])
        for k, category in enumerate(categories)
    }


def matches_by_category(runs: list[Evaluation], categories: Sequence[Record]) -> dict[str, CategoryMatches]:
    """The matches of every category, by its name."""
    found = [category for run in runs for category in run.categories()]
    return {category["name"]: of for category, of in zip(categories, found, strict=True)}


def resampled(matches: dict[str, CategoryMatches], draws: np.ndarray) -> Resampled:
    """What :func:`overall` and :func:`by_category` give for resamples, of categories only ``AP``.

    Parameters
    ----------
    matches
        As of :func:`matches_by_category`.
    draws
        (B, I) how often each image is drawn.
    """
    categories = list(matches.values())
    whole = average_precisions([one.ranges["all"] for one in categories], draws)
    metrics = {"AP": whole.mean(axis=2), "AP50": whole[:, :, 0], "AP75": whole[:, :, 5]}
    for area in [area for area in categories[0].ranges if area != "all"]:
        metrics[f"AP_{area}"] = average_precisions([one.ranges[area] for one in categories], draws).mean(axis=2)
    return Resampled(
        {name: mean_of_defined(values) for name, values in metrics.items()} | average_recalls(categories, draws),
        {name: {"AP": values} for name, values in zip(matches, metrics["AP"], strict=True)},
    )


def _average_precisions(precision: np.ndarray) -> Values:
    """``AP``, ``AP50``, ``AP75`` of (T, R, K) precisions at IoU thresholds 0.50, 0.55, ..., 0.95."""
    return {"AP": _mean(precision), "AP50": _mean(precision[0]), "AP75": _mean(precision[5])}


def _mean(values: np.ndarray) -> float | None:
    defined = values[values > -1]
    return float(defined.mean()) if defined.size else None
