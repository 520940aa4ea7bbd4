"""The images on which two models differ most, by what each finds of an image's instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anonbench.evaluate.comparison import Comparison
from anonbench.evaluate.matching import match
from anonbench.evaluate.overlap import encoded, overlaps
from anonbench.evaluate.records import Record, by_image, counts

OVERLAP = 0.5  # IoU or OKS from which on a detection matches an instance
SURE = {"bbox": 0.3, "segmentation": 0.3, "keypoints": 0.0}  # least scores: a pose is of a person who is given
MOST = 100  # detections per image


@dataclass(frozen=True)
class Seen:
    """What a model finds in an image.

    Parameters
    ----------
    image
        The image's record.
    truth
        Its instances that count.
    found
        The detections that count, the surest first: of boxes and masks those with a score of 0.3 at least, of poses
        all. Masks are RLE.
    match
        (D,) int64 positions in ``truth`` of the instances that the detections match, -1 of false ones.
    """

    image: Record
    truth: Sequence[Record]
    found: Sequence[Record]
    match: np.ndarray

    @property
    def right(self) -> int:
        """How many instances are found."""
        return int(np.count_nonzero(self.match >= 0))

    @property
    def false(self) -> int:
        """How many detections are false."""
        return int(np.count_nonzero(self.match < 0))

    @property
    def value(self) -> float:
        """The scores of the detections that match an instance, less those of the false ones."""
        return balance(np.array([record["score"] for record in self.found], dtype=np.float64), self.match)


def balance(scores: np.ndarray, match: np.ndarray) -> float:
    """The sum of the scores (D,) of detections that match an instance, less the scores of those whose match is -1."""
    return float(np.where(match >= 0, scores, -scores).sum())


def see(comparison: Comparison) -> list[Seen]:
    """What a model finds in every image, in ascending order of the images' ids.

    Detections and instances of a category are matched as COCO does, at an IoU or OKS of 0.5. A detection that matches a
    crowd, or a person without keypoints, counts for nothing.
    """
    images = {image["id"]: image for image in comparison.split["images"]}
    kind = comparison.task.kind
    found_of = by_image(record for record in comparison.found() if record["score"] >= SURE[kind])
    truth_of = by_image(comparison.truth())
    sigmas = {category["id"]: category.get("sigmas") for category in comparison.categories}
    return [
        _see(images[image_id], found_of[image_id], truth_of[image_id], kind, sigmas)
        for image_id in comparison.image_ids
    ]


def most_different(first: Sequence[Seen], second: Sequence[Seen], most: int) -> list[tuple[Seen, Seen]]:
    """The images on which the values of two models differ most, the largest difference first.

    Parameters
    ----------
    first, second
        What each model finds in the same images, in the same order.
    most
        How many at most; images on which they do not differ are left out.
    """
    pairs = [pair for pair in zip(first, second, strict=True) if pair[0].value != pair[1].value]
    return sorted(pairs, key=lambda pair: -abs(pair[0].value - pair[1].value))[:most]


def _see(image: Record, found: list[Record], truth: list[Record], kind: str, sigmas: dict[int, list | None]) -> Seen:
    found = sorted(found, key=lambda record: -record["score"])[:MOST]
    if kind == "segmentation":
        truth = [record | {kind: encoded(record[kind], image)} for record in truth]
    matched = np.full(len(found), -1)
    category_of_found, category_of_truth = (
        np.array([record["category_id"] for record in records], dtype=np.int64) for records in (found, truth)
    )
    for category in np.intersect1d(category_of_found, category_of_truth).tolist():
        mine, own = np.flatnonzero(category_of_found == category), np.flatnonzero(category_of_truth == category)
        people = [truth[g] for g in own]
        crowd = np.array([record["iscrowd"] for record in people], dtype=bool)
        ignored = np.array([[not counts(record) for record in people]])
        similar = overlaps([found[d] for d in mine], people, kind, sigmas[category])
        ((positions,),) = match(similar, crowd, ignored, np.array([OVERLAP]))
        matched[mine] = np.where(positions >= 0, own[positions], -1)
    counted = np.array([counts(record) for record in truth], dtype=bool)
    kept = [d for d in range(len(found)) if matched[d] < 0 or counted[matched[d]]]
    place = np.cumsum(counted) - 1  # of an instance among those that count
    return Seen(
        image,
        [record for record, one in zip(truth, counted, strict=True) if one],
        [found[d] for d in kept],
        np.array([place[matched[d]] if matched[d] >= 0 else -1 for d in kept], dtype=np.int64),
    )
