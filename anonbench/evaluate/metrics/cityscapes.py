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
from anonbench.evaluate.metric import Metric, Scores
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


class Cityscapes(Metric[Masks]):
    """Cityscapes' average precision of masks.

    The rule differs from COCO's: a detection has to exceed, not only reach, an IoU; an instance below 100 px does not
    count; a detection is forgiven by the share of it that lies on void, groups and small instances; and any number of
    detections per image is taken.

    The metrics are ``AP``, over IoU 0.50:0.05:0.95, and ``AP50``. An image's ``void`` is the RLE mask of the pixels
    whose label is ignored; an image without one is an error. An annotation with ``iscrowd`` is the group of a category
    in an image. The instances are those of 100 px and more. In a resample, the official code runs anew over every
    category and IoU, which takes longer than under COCO's protocol.
    """

    protocol = "cityscapes"
    kinds = ("segmentation",)

    def score(self, comparison: Comparison) -> Scores:
        details = self.details(comparison)
        areas = _areas(details)
        least = int(_official().args.minRegionSizes[0])
        return Scores(
            _metrics(areas),
            {name: _metrics(areas[k : k + 1]) for k, name in enumerate(details.categories)},
            {
                name: sum(pixels >= least and not group for row in of.truth for pixels, group in row)
                for name, of in details.categories.items()
            },
        )

    def details(self, comparison: Comparison) -> Masks:
        if not all("void" in image for image in comparison.split["images"]):
            raise UserError(
                f"{named(comparison.split)} has an image without a mask `void`, which Cityscapes' protocol needs.",
                "Convert it again from Cityscapes' own annotations.",
            )
        return _details(comparison)

    def resample(self, details: Masks, image_indices: np.ndarray | None = None) -> dict[str, float]:
        metrics = _metrics(_areas(details, image_indices))
        return {name: float("nan") if value is None else value for name, value in metrics.items()}


def _official() -> ModuleType:
    from cityscapesscripts.evaluation import evalInstanceLevelSemanticLabeling

    return evalInstanceLevelSemanticLabeling


def _metrics(areas: np.ndarray) -> Values:
    """``AP`` and ``AP50`` of (K, T) areas under the curve, NaN for categories without an instance."""
    defined = areas[~np.isnan(areas).any(axis=1)]
    if not len(defined):
        return {"AP": None, "AP50": None}
    return {"AP": float(defined.mean()), "AP50": float(defined[:, 0].mean())}


def _areas(details: Masks, image_indices: np.ndarray | None = None) -> np.ndarray:
    """(K, T) areas under the precision-recall curve by category and IoU, NaN for categories without an instance."""
    chosen = range(details.images) if image_indices is None else np.asarray(image_indices).tolist()
    overlaps = _official().args.overlaps
    areas = np.zeros((len(details.categories), len(overlaps)))
    for k, (name, pixels) in enumerate(details.categories.items()):
        matches = _matches(name, pixels)
        drawn = {n: matches[position] for n, position in enumerate(chosen) if position in matches}
        for t, overlap in enumerate(overlaps):
            areas[k, t] = _area(drawn, name, overlap)
    return areas


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


def _details(comparison: Comparison) -> Masks:
    images = {image["id"]: image for image in comparison.split["images"]}
    truth_of, found_of = defaultdict(list), defaultdict(list)
    for records, grouped in ((comparison.truth(), truth_of), (comparison.found(), found_of)):
        for record in records:
            grouped[record["category_id"], record["image_id"]].append(record)
    details = Masks(len(images), {})
    for category in comparison.categories:
        pixels = details.categories[category["name"]] = Pixels()
        for position, image_id in enumerate(comparison.image_ids):
            truth = truth_of[category["id"], image_id]
            # The official code leaves out empty masks.
            found = [record for record in found_of[category["id"], image_id] if record["area"]]
            if truth or found:
                pixels.images.append(position)
                _count(pixels, images[image_id], truth, found)
    return details


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
