"""COCO's protocol: box, mask and keypoint AP by pycocotools (https://cocodataset.org/#detection-eval)."""

from __future__ import annotations

from typing import Any

import numpy as np

from anonbench.evaluate.coco import Evaluation, evaluate
from anonbench.evaluate.pck import pck
from anonbench.evaluate.records import detections, instances, scored

IOU_TYPE = {"detection": "bbox", "instance_segmentation": "segm", "pose": "keypoints"}


def score_task(
    annotations: dict[str, Any], categories: list[dict[str, Any]], task: str, results: list[dict[str, Any]]
) -> dict[str, Any]:
    """Score one task.

    Parameters
    ----------
    annotations
        The split in the common form. It is not changed.
    categories
        The task's categories, ids ascending; for ``pose`` all have ``keypoints`` and ``sigmas``.
    task
        A key of :data:`anonbench.evaluate.records.SCORED`.
    results
        COCO results, as :func:`anonbench.evaluate.score.score` takes them. They are not changed.

    Returns
    -------
    dict
        ``instances``, ``metrics``, ``categories`` and ``per_image``, as :func:`anonbench.evaluate.score.score` says.

    Raises
    ------
    UserError, ValueError
        As :func:`anonbench.evaluate.score.score` does for results.
    """
    by_id = {category["id"]: category for category in categories}
    people = [annotation for annotation in annotations["annotations"] if annotation["category_id"] in by_id]
    found = detections(results, task, {image["id"] for image in annotations["images"]}, by_id)

    # OKS knows one set of sigmas a run, so every category with keypoints is a run of its own.
    groups = [[category] for category in categories] if task == "pose" else [categories]
    runs, counts = [], {}
    for group in groups:
        ids = {category["id"] for category in group}
        truth = instances([p for p in people if p["category_id"] in ids], task, len(group[0].get("keypoints") or ()))
        for category in group:
            counts[category["name"]] = sum(scored(t) for t in truth if t["category_id"] == category["id"])
        chosen = [detection for detection in found if detection["category_id"] in ids]
        sigmas = group[0]["sigmas"] if task == "pose" else None
        runs.append(evaluate(annotations["images"], group, truth, chosen, IOU_TYPE[task], sigmas))

    metrics = _metrics(runs, task)
    if task == "pose":
        metrics["PCK"] = pck(people, results, by_id)
    names = [category["name"] for category in categories]
    precision = np.concatenate([run.precision for run in runs], axis=2)
    return {
        "instances": sum(counts.values()),
        "metrics": metrics,
        "categories": {
            name: {"instances": counts[name], **_average_precisions(precision[:, :, k : k + 1, 0, -1])}
            for k, name in enumerate(names)
        },
        "per_image": _per_image(annotations["images"], names, runs),
    }


def _metrics(runs: list[Evaluation], task: str) -> dict[str, float | None]:
    precision = np.concatenate([run.precision for run in runs], axis=2)
    recall = np.concatenate([run.recall for run in runs], axis=1)
    areas, limits = runs[0].areas, runs[0].max_detections
    metrics = _average_precisions(precision[:, :, :, 0, -1])
    metrics |= {f"AP_{area}": _mean(precision[:, :, :, a, -1]) for a, area in enumerate(areas) if area != "all"}
    for m, limit in enumerate(limits):
        metrics["AR" if task == "pose" else f"AR{limit}"] = _mean(recall[:, :, 0, m])
    return metrics


def _average_precisions(precision: np.ndarray) -> dict[str, float | None]:
    """``AP``, ``AP50``, ``AP75`` of (T, R, K) precisions at IoU thresholds 0.50, 0.55, ..., 0.95."""
    return {"AP": _mean(precision), "AP50": _mean(precision[0]), "AP75": _mean(precision[5])}


def _mean(values: np.ndarray) -> float | None:
    defined = values[values > -1]
    return float(defined.mean()) if defined.size else None


def _per_image(images: list[dict], names: list[str], runs: list[Evaluation]) -> dict[str, Any]:
    """The matches of every detection, as :mod:`anonbench.evaluate.bootstrap` reads them."""
    details: dict[str, Any] = {"image_ids": sorted(image["id"] for image in images), "categories": {}}
    for name, evaluated in zip(names, (entries for run in runs for entries in run.images), strict=True):
        columns: dict[str, list] = {"images": [], "instances": [], "scores": [], "matched": [], "ignored": []}
        for position, entry in enumerate(evaluated):
            if entry is not None:
                columns["images"].append(position)
                columns["instances"].append(int(np.count_nonzero(np.asarray(entry["gtIgnore"]) == 0)))
                columns["scores"].append([float(value) for value in entry["dtScores"]])
                columns["matched"].append(_bits(entry["dtMatches"]))
                columns["ignored"].append(_bits(entry["dtIgnore"]))
        details["categories"][name] = columns
    return details


def _bits(flags: np.ndarray) -> list[int]:
    """(T, D) flags -> D integers whose bit t is flag t."""
    flags = np.asarray(flags) != 0
    return (flags * (1 << np.arange(len(flags)))[:, None]).sum(axis=0).tolist()
