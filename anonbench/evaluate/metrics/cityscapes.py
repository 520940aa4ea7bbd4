"""Cityscapes' protocol: AP of instance masks by cityscapesscripts (https://github.com/mcordts/cityscapesScripts).

Cordts et al., "The Cityscapes Dataset for Semantic Urban Scene Understanding", CVPR 2016. The official
``evalInstanceLevelSemanticLabeling`` reads a picture of each predicted mask from disk. Here its ``evaluateMatches``
gets the same numbers of pixels, counted on run-length masks in memory.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace

import numpy as np

from anonbench.common.errors import UserError
from anonbench.evaluate.comparison import Comparison
from anonbench.evaluate.metric import Metric, Resampled, Scores, mean_of_defined
from anonbench.evaluate.overlap import encoded
from anonbench.evaluate.records import Record, Values, counts, named

_FIRST_INSTANCE = 1000  # of the official ids, smaller ones are groups


@dataclass(frozen=True)
class Pixels:
    """Numbers of pixels of one category: parallel lists over the images that have instances or detections of it.

    ``images`` are positions in the ascending image ids. An image's ``truth`` are (pixels, whether it is a group), its
    ``found`` (score, pixels, those of them on void), and ``shared`` (position in ``truth``, position in ``found``,
    pixels that they share).
    """

    images: list[int] = field(default_factory=list)
    truth: list[list[tuple[int, bool]]] = field(default_factory=list)
    found: list[list[tuple[float, int, int]]] = field(default_factory=list)
    shared: list[list[tuple[int, int, int]]] = field(default_factory=list)


@dataclass(frozen=True)
class Masks:
    """The pixels of every category by its name, for a number of ``images``."""

    images: int
    categories: dict[str, Pixels]


@dataclass(frozen=True)
class Examples:
    """What the rule makes of one category at one IoU: the detections that count, best first, and what nobody finds.

    Parameters
    ----------
    images
        (D,) int32, the image of every detection, by its position in the ascending image ids.
    lasts
        (D,) bool, whether the next one has a lower score.
    correct
        (D,) bool, whether it is right.
    missed
        (I,) int64, how many instances of an image no detection matches.
    """

    images: np.ndarray
    lasts: np.ndarray
    correct: np.ndarray
    missed: np.ndarray


class Cityscapes(Metric[dict[str, list[Examples]]]):
    """Cityscapes' average precision of masks.

    The rule differs from COCO's: a detection has to exceed, not only reach, an IoU; an instance below 100 px does not
    count; a detection is forgiven by the share of it that lies on void, groups and small instances; and any number of
    detections per image is taken.

    The metrics are ``AP``, over IoU 0.50:0.05:0.95, and ``AP50``. An image's ``void`` is the RLE mask of the pixels
    whose label is ignored; an image without one is an error. An annotation with ``iscrowd`` is the group of a category
    in an image. The instances are those of 100 px and more. The details are what the rule makes of every detection, by
    category and IoU; categories have ``AP`` and ``AP50``, in resamples ``AP`` alone.
    """

    protocol = "cityscapes"
    kinds = ("segmentation",)

    def score(self, comparison: Comparison) -> Scores:
        masks = _masks(comparison)
        areas = areas_of(masks)
        least = _least_size()
        return Scores(
            _metrics(areas),
            {name: _metrics(areas[k : k + 1]) for k, name in enumerate(masks.categories)},
            {
                name: sum(pixels >= least and not group for row in of.truth for pixels, group in row)
                for name, of in masks.categories.items()
            },
        )

    def details(self, comparison: Comparison) -> dict[str, list[Examples]]:
        masks = _masks(comparison)
        return {name: examples_of(pixels, masks.images) for name, pixels in masks.categories.items()}

    def resample(self, details: dict[str, list[Examples]], draws: np.ndarray) -> Resampled:
        # Here because who reads only which metrics there are needs no compiler.
        from anonbench.evaluate.curves import stepwise

        areas = np.array([
            [stepwise(draws, of.images, of.lasts, of.correct, draws @ of.missed) for of in examples]
            for examples in details.values()
        ])  # fmt: skip
        by_category = areas.mean(axis=1)
        return Resampled(
            {"AP": mean_of_defined(by_category), "AP50": mean_of_defined(areas[:, 0])},
            {name: {"AP": values} for name, values in zip(details, by_category, strict=True)},
        )


def _official() -> ModuleType:
    from cityscapesscripts.evaluation import evalInstanceLevelSemanticLabeling

    return evalInstanceLevelSemanticLabeling


def _least_size() -> int:
    """The px from which on an instance counts."""
    return int(_official().args.minRegionSizes[0])


def _metrics(areas: np.ndarray) -> Values:
    """``AP`` and ``AP50`` of (K, T) areas under the curve, NaN for categories without an instance."""
    defined = areas[~np.isnan(areas).any(axis=1)]
    if not len(defined):
        return {"AP": None, "AP50": None}
    return {"AP": float(defined.mean()), "AP50": float(defined[:, 0].mean())}


def areas_of(masks: Masks) -> np.ndarray:
    """(K, T) areas under the precision-recall curve by category and IoU, NaN for categories without an instance."""
    overlaps = _official().args.overlaps
    areas = np.zeros((len(masks.categories), len(overlaps)))
    for k, (name, pixels) in enumerate(masks.categories.items()):
        matches = _matches(name, pixels)
        for t, overlap in enumerate(overlaps):
            areas[k, t] = _area(matches, name, overlap)
    return areas


def examples_of(pixels: Pixels, images: int) -> list[Examples]:
    """What the official ``evaluateMatches`` makes of one category of a number of images, by IoU."""
    size, group = np.array([row for rows in pixels.truth for row in rows], dtype=np.int64).reshape(-1, 2).T
    of_truth = np.repeat(pixels.images, [len(rows) for rows in pixels.truth]).astype(np.int32)
    found = np.array([row for rows in pixels.found for row in rows], dtype=np.float64).reshape(-1, 3)
    scores, area, void = found.T
    of_found = np.repeat(pixels.images, [len(rows) for rows in pixels.found]).astype(np.int32)
    known, detections, shared = _pairs(pixels)

    iou = shared / (size[known] + area[detections] - shared)
    small = size < _least_size()
    counts = (group == 0) & ~small
    # A group that is small forgives twice, as in the official code.
    forgiven = void + np.bincount(detections, shared * (group + small)[known], minlength=len(found))
    best_first = np.lexsort((-scores[detections], known))
    examples = []
    for overlap in _official().args.overlaps:
        matching = iou > overlap
        free = np.ones(len(found), dtype=bool)
        free[detections[matching]] = False
        wrong = np.flatnonzero(free & (forgiven / area <= overlap))
        # Of the detections that match an instance, the best is right, and all others are wrong.
        pairs = best_first[(matching & counts[known])[best_first]]
        right = np.ones(len(pairs), dtype=bool)
        right[1:] = np.diff(known[pairs]) > 0
        chosen = np.concatenate([detections[pairs], wrong])
        correct = np.concatenate([right, np.zeros(len(wrong), dtype=bool)])
        order = np.argsort(-scores[chosen], kind="stable")
        lasts = np.ones(len(order), dtype=bool)
        lasts[:-1] = np.diff(scores[chosen][order]) < 0
        missing = counts.copy()
        missing[known[pairs]] = False
        missed = np.bincount(of_truth[missing], minlength=images)
        examples.append(Examples(of_found[chosen][order], lasts, correct[order], missed))
    return examples


def _pairs(pixels: Pixels) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The positions among all instances, those among all detections, and the shared pixels, (P,) int64 each."""
    rows, instances, detections = [np.zeros((0, 3), dtype=np.int64)], 0, 0
    for truth, found, shared in zip(pixels.truth, pixels.found, pixels.shared, strict=True):
        rows.append(np.array(shared, dtype=np.int64).reshape(-1, 3) + [instances, detections, 0])
        instances, detections = instances + len(truth), detections + len(found)
    known, chosen, sizes = np.concatenate(rows).T
    return known, chosen, sizes


def _area(matches: dict[int, Record], name: str, overlap: float) -> float:
    official = _official()
    options = SimpleNamespace(**vars(official.args) | {"instLabels": [name], "overlaps": np.array([overlap])})
    try:
        return float(official.evaluateMatches(matches, options)[0, 0, 0])
    except IndexError:
        # The official code takes the last of no points where every detection is forgiven and no instance is found.
        return 0.0


def _matches(name: str, pixels: Pixels) -> dict[int, Record]:
    """The records of the official ``matchGtWithPreds`` for one category, by position of the image."""
    matches = {}
    for position, truth, found, shared in zip(pixels.images, pixels.truth, pixels.found, pixels.shared, strict=True):
        known = [
            {
                "instID": 0 if group else _FIRST_INSTANCE,
                "pixelCount": size,
                "medDist": -1,
                "distConf": 0.0,
                "matchedPred": [],
            }
            for size, group in truth
        ]
        predicted = [
            {"confidence": value, "pixelCount": size, "voidIntersection": void, "matchedGt": []}
            for value, size, void in found
        ]
        for t, f, size in shared:
            known[t]["matchedPred"].append({**predicted[f], "intersection": size})
            predicted[f]["matchedGt"].append({**known[t], "intersection": size})
        matches[position] = {"groundTruth": {name: known}, "prediction": {name: predicted}}
    return matches


def _masks(comparison: Comparison) -> Masks:
    """Count the pixels of every mask, or stop where an image has no void."""
    if not all("void" in image for image in comparison.split["images"]):
        raise UserError(
            f"{named(comparison.split)} has an image without a mask `void`, which Cityscapes' protocol needs.",
            "Convert it again from Cityscapes' own annotations.",
        )
    images = {image["id"]: image for image in comparison.split["images"]}
    truth_of, found_of = defaultdict(list), defaultdict(list)
    for records, grouped in ((comparison.truth(), truth_of), (comparison.found(), found_of)):
        for record in records:
            grouped[record["category_id"], record["image_id"]].append(record)
    masks = Masks(len(images), {})
    for category in comparison.categories:
        pixels = masks.categories[category["name"]] = Pixels()
        for position, image_id in enumerate(comparison.image_ids):
            truth = truth_of[category["id"], image_id]
            # The official code leaves out empty masks.
            found = [record for record in found_of[category["id"], image_id] if record["area"]]
            if truth or found:
                pixels.images.append(position)
                _count(pixels, images[image_id], truth, found)
    return masks


def _count(pixels: Pixels, image: Record, truth: list[Record], found: list[Record]) -> None:
    """Append one image's numbers of pixels."""
    from pycocotools import mask as rle

    known = [encoded(record["segmentation"], image) for record in truth]
    predicted = [record["segmentation"] for record in found]
    shared = _shared(predicted, known, image)
    pixels.truth.append([(int(rle.area(mask)), not counts(record)) for mask, record in zip(known, truth, strict=True)])
    on_void = _shared(predicted, [image["void"]], image)[:, 0]
    pixels.found.append(
        [(record["score"], int(record["area"]), int(void)) for record, void in zip(found, on_void, strict=True)]
    )
    pixels.shared.append([(int(t), int(f), int(shared[f, t])) for f, t in zip(*np.nonzero(shared), strict=True)])


def _shared(a: list[Record], b: list[Record], image: Record) -> np.ndarray:
    """(A, B) int64 numbers of pixels that masks as RLE share."""
    from pycocotools import mask as rle

    if not a or not b:
        return np.zeros((len(a), len(b)), dtype=np.int64)
    share = rle.iou(a, b, [1] * len(b))  # of a's pixels, since all of b are called crowds
    if (share < 0).any():
        raise ValueError(f"a mask of the image {image['id']} has another size than the others")
    return np.rint(share * rle.area(a)[:, None]).astype(np.int64)
