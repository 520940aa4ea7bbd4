"""Cityscapes' protocol: AP of instance masks by cityscapesscripts (https://github.com/mcordts/cityscapesScripts).

Cordts et al., "The Cityscapes Dataset for Semantic Urban Scene Understanding", CVPR 2016. The official
``evalInstanceLevelSemanticLabeling`` reads a picture of each predicted mask from disk. Here its ``evaluateMatches``
gets the same numbers of pixels, counted on run-length masks in memory. Its rule differs from COCO's: a detection has to
exceed, not only reach, an IoU; an instance below 100 px does not count; a detection is forgiven by the share of it that
lies on void, groups and small instances; and any number of detections an image is taken.

The per-image detail has ``protocol`` (``cityscapes``), ``image_ids`` (ascending) and for each category's name parallel
lists over the images that have instances or detections of it: ``images`` (positions in ``image_ids``), ``truth``
(pixels and whether it is a group), ``found`` (score, pixels, and those of them on void) and ``shared`` (position in
``truth``, position in ``found``, pixels that they share).
"""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import numpy as np
from cityscapesscripts.evaluation import evalInstanceLevelSemanticLabeling as official
from pycocotools import mask as rle

from anonbench.common.errors import UserError
from anonbench.evaluate.records import detections, instances, named, scored

_MIN_PIXELS = int(official.args.minRegionSizes[0])
_FIRST_INSTANCE = 1000  # of the official ids, smaller ones are groups


def score_task(
    annotations: dict[str, Any], categories: list[dict[str, Any]], task: str, results: list[dict[str, Any]]
) -> dict[str, Any]:
    """Score ``instance_segmentation``; see :func:`anonbench.evaluate.metrics.coco.score_task`.

    ``metrics`` are ``AP``, over IoU 0.50:0.05:0.95, and ``AP50``. An image's ``void`` is the RLE mask of the pixels
    whose label is ignored. An annotation with ``iscrowd`` is the group of a category in an image. ``instances`` are
    those of 100 px and more, which alone count.

    Raises
    ------
    UserError
        If an image has no ``void``, or a result is not finite.
    ValueError
        If a result's mask has another size than its image, or it names an image or category that is not known.
    """
    if not all("void" in image for image in annotations["images"]):
        raise UserError(
            f"{named(annotations)} has an image without a mask `void`, by which Cityscapes' protocol is scored.",
            "Convert it again from Cityscapes' own annotations.",
        )
    images = {image["id"]: image for image in annotations["images"]}
    by_id = {category["id"]: category for category in categories}
    truth = instances([a for a in annotations["annotations"] if a["category_id"] in by_id], task)
    found = detections(results, task, set(images), by_id)
    details = _details(images, by_id, truth, found)
    areas = _areas(details)
    counts = {
        name: sum(pixels >= _MIN_PIXELS and not group for row in columns["truth"] for pixels, group in row)
        for name, columns in details["categories"].items()
    }
    return {
        "instances": sum(counts.values()),
        "metrics": _metrics(areas),
        "categories": {
            name: {"instances": counts[name], **_metrics(areas[k : k + 1])} for k, name in enumerate(counts)
        },
        "per_image": details,
    }


def average_precisions(details: dict[str, Any], image_indices: np.ndarray | None = None) -> dict[str, float]:
    """``AP`` and ``AP50`` of a resample of a split's images.

    The official code runs anew over every category and IoU, which takes longer than COCO's protocol does.

    Parameters
    ----------
    details
        The per-image detail of a cell.
    image_indices
        (N,) integer positions in ``image_ids``, repeated as drawn; None for every image once.

    Returns
    -------
    dict
        In [0, 1]; NaN where the images have no instance.
    """
    metrics = _metrics(_areas(details, image_indices))
    return {name: float("nan") if value is None else value for name, value in metrics.items()}


def _metrics(areas: np.ndarray) -> dict[str, float | None]:
    """``AP`` and ``AP50`` of (K, T) areas under the curve, NaN for categories without an instance."""
    defined = areas[~np.isnan(areas).any(axis=1)]
    if not len(defined):
        return {"AP": None, "AP50": None}
    return {"AP": float(defined.mean()), "AP50": float(defined[:, 0].mean())}


def _areas(details: dict[str, Any], image_indices: np.ndarray | None = None) -> np.ndarray:
    """(K, T) areas under the precision-recall curve by category and IoU, NaN for categories without an instance."""
    chosen = range(len(details["image_ids"])) if image_indices is None else np.asarray(image_indices).tolist()
    areas = np.zeros((len(details["categories"]), len(official.args.overlaps)))
    for k, (name, columns) in enumerate(details["categories"].items()):
        matches = _matches(name, columns)
        drawn = {n: matches[position] for n, position in enumerate(chosen) if position in matches}
        for t, overlap in enumerate(official.args.overlaps):
            areas[k, t] = _area(drawn, name, overlap)
    return areas


def _area(matches: dict[int, dict[str, Any]], name: str, overlap: float) -> float:
    options = SimpleNamespace(**vars(official.args) | {"instLabels": [name], "overlaps": np.array([overlap])})
    try:
        return float(official.evaluateMatches(matches, options)[0, 0, 0])
    except IndexError:
        # The official code takes the last of no points where every detection is forgiven and no instance is found.
        return 0.0


def _matches(name: str, columns: dict[str, list]) -> dict[int, dict[str, Any]]:
    """The records of the official ``matchGtWithPreds`` for one category, by position of the image."""
    matches = {}
    for position, truth, found, shared in zip(*columns.values(), strict=True):
        known = [
            {
                "instID": 0 if group else _FIRST_INSTANCE,
                "pixelCount": pixels,
                "medDist": -1,
                "distConf": 0.0,
                "matchedPred": [],
            }
            for pixels, group in truth
        ]
        predicted = [
            {"confidence": value, "pixelCount": pixels, "voidIntersection": void, "matchedGt": []}
            for value, pixels, void in found
        ]
        for t, f, pixels in shared:
            known[t]["matchedPred"].append({**predicted[f], "intersection": pixels})
            predicted[f]["matchedGt"].append({**known[t], "intersection": pixels})
        matches[position] = {"groundTruth": {name: known}, "prediction": {name: predicted}}
    return matches


def _details(
    images: dict[int, dict[str, Any]],
    categories: dict[int, dict[str, Any]],
    truth: list[dict[str, Any]],
    found: list[dict[str, Any]],
) -> dict[str, Any]:
    truth_of, found_of = defaultdict(list), defaultdict(list)
    for records, grouped in ((truth, truth_of), (found, found_of)):
        for record in records:
            grouped[record["category_id"], record["image_id"]].append(record)
    image_ids = sorted(images)
    details: dict[str, Any] = {"protocol": "cityscapes", "image_ids": image_ids, "categories": {}}
    for key, category in categories.items():
        columns: dict[str, list] = {"images": [], "truth": [], "found": [], "shared": []}
        for position, image_id in enumerate(image_ids):
            # The official code leaves out empty masks.
            predicted = [record for record in found_of[key, image_id] if record["area"]]
            if truth_of[key, image_id] or predicted:
                columns["images"].append(position)
                _count(columns, images[image_id], truth_of[key, image_id], predicted)
        details["categories"][category["name"]] = columns
    return details


def _count(columns: dict[str, list], image: dict[str, Any], truth: list[dict], found: list[dict]) -> None:
    """Append one image's numbers of pixels."""
    known = [_encoded(record["segmentation"], image) for record in truth]
    predicted = [record["segmentation"] for record in found]
    shared = _shared(predicted, known, image)
    columns["truth"].append(
        [[int(rle.area(mask)), not scored(record)] for mask, record in zip(known, truth, strict=True)]
    )
    on_void = _shared(predicted, [image["void"]], image)[:, 0]
    columns["found"].append(
        [[record["score"], int(record["area"]), int(void)] for record, void in zip(found, on_void, strict=True)]
    )
    columns["shared"].append([[int(t), int(f), int(shared[f, t])] for f, t in zip(*np.nonzero(shared), strict=True)])


def _shared(a: list[dict], b: list[dict], image: dict[str, Any]) -> np.ndarray:
    """(A, B) int64 numbers of pixels that masks as RLE share."""
    if not a or not b:
        return np.zeros((len(a), len(b)), dtype=np.int64)
    share = rle.iou(a, b, [1] * len(b))  # of a's pixels, since all of b are called crowds
    if (share < 0).any():
        raise ValueError(f"a mask of the image {image['id']} has another size than the others")
    return np.rint(share * rle.area(a)[:, None]).astype(np.int64)


def _encoded(segmentation: list | dict[str, Any], image: dict[str, Any]) -> dict[str, Any]:
    if isinstance(segmentation, dict):
        return segmentation
    return rle.merge(rle.frPyObjects(segmentation, image["height"], image["width"]))
