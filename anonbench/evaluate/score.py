"""The metrics of one model on one split, overall, per category and per image, by the split's own protocol."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from anonbench.common.errors import UserError
from anonbench.evaluate.records import SCORED, named

PROTOCOLS = ("coco", "wider_face", "crowdpose", "cityscapes")


def score(annotations: dict[str, Any], results: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Score a model's results by the protocol that the split's ``info.protocol`` names (COCO's unless given).

    Parameters
    ----------
    annotations
        The split in the common form. It is not changed.
    results
        task -> COCO results: ``image_id``, ``category_id``, ``score`` and ``bbox`` ``[x, y, w, h]`` px
        (``detection``), ``segmentation`` as RLE (``instance_segmentation``), or ``keypoints`` flat ``[x, y, v] * K``
        px and, where the person was given, ``annotation_id`` (``pose``). They are not changed.

    Returns
    -------
    dict
        task -> ``instances`` (that count), ``metrics``, ``categories`` (name -> ``instances``, metrics such as
        ``AP``, ``AP50``, ``AP75``, and ``supercategory`` where known) and ``per_image`` (see
        :mod:`anonbench.evaluate.bootstrap`). Metrics are fractions of 1, None where the data have no instance that
        defines them. COCO's are:

        - ``AP``, ``AP50``, ``AP75``: average precision over IoU (OKS) 0.50:0.05:0.95, and at 0.50 and 0.75
        - ``AP_small``, ``AP_medium``, ``AP_large``: by area, divided at 32² and 96² px (``pose`` has no ``AP_small``)
        - ``AR1``, ``AR10``, ``AR100``: average recall with that many detections an image; ``AR`` with 20 for ``pose``
        - ``PCK``: see :func:`anonbench.evaluate.pck.pck`; None where the results do not name the annotated person

        Those of other protocols are said in :mod:`anonbench.evaluate.protocols` and docs/scoring.md.

    Raises
    ------
    UserError
        If the split lacks what a task or its protocol needs (masks, keypoints, sigmas, ...), a task is unknown, or
        results are not finite.
    ValueError
        If results name images or categories that the split does not have, or the protocol is unknown.
    """
    return {task: _score_task(annotations, task, found) for task, found in results.items()}


def _score_task(annotations: dict[str, Any], task: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    if task not in SCORED:
        raise UserError(f"There is no task {task!r}.", f"Choose from {', '.join(SCORED)}.")
    categories = sorted(annotations["categories"], key=lambda category: category["id"])
    if task == "pose":
        categories = [category for category in categories if category.get("keypoints")]
    _check_annotated(annotations, task, categories)
    protocol = _protocol(annotations.get("info", {}).get("protocol", "coco"), task)
    scored = protocol.score_task(annotations, categories, task, results)
    for category in categories:
        if "supercategory" in category:
            scored["categories"][category["name"]]["supercategory"] = category["supercategory"]
    return scored


def _protocol(name: str, task: str) -> ModuleType:
    """The module that scores a task, COCO's where the protocol has no rule for it; only this one is imported."""
    if name not in PROTOCOLS:
        raise ValueError(f"There is no protocol {name!r}, only {', '.join(PROTOCOLS)}.")
    match name, task:
        case "wider_face", "detection":
            from anonbench.evaluate.metrics import wider_face as protocol
        case "crowdpose", "pose":
            from anonbench.evaluate.metrics import crowdpose as protocol
        case "cityscapes", "instance_segmentation":
            from anonbench.evaluate.metrics import cityscapes as protocol
        case _:
            from anonbench.evaluate.metrics import coco as protocol
    return protocol


def _check_annotated(annotations: dict, task: str, categories: list[dict]) -> None:
    where = named(annotations)
    known = annotations["annotations"]
    if task == "instance_segmentation" and known and not any(record.get("segmentation") for record in known):
        raise UserError(
            f"{where} has no masks, which the task instance_segmentation is scored with.",
            "Take instance_segmentation out of the model's tasks for this dataset, or add segmentations to it.",
        )
    if not categories:
        raise UserError(
            f"{where} has no category {'with keypoints ' if task == 'pose' else ''}for the task {task}.",
            f"Take {task} out of the model's tasks for this dataset, or add what is missing to its categories.",
        )
    for category in categories:
        if task == "pose" and len(category.get("sigmas") or ()) != len(category["keypoints"]):
            raise UserError(
                f"{where} does not give one OKS sigma for each keypoint of the category {category['name']}.",
                "Add the list `sigmas` to the category, one number a keypoint.",
            )
