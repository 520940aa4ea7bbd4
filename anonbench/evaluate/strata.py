"""Who a person of a split is to a metric: how tall, how much covered by others, in how crowded an image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anonbench.evaluate.overlap import encoded
from anonbench.evaluate.records import Record


@dataclass(frozen=True)
class Bands:
    """Names of ranges of a value, which ``edges`` divide; an edge belongs to the range above it."""

    names: tuple[str, ...]
    edges: tuple[float, ...]

    def of(self, values: Sequence[float] | np.ndarray) -> np.ndarray:
        """(N,) int64 positions of the ranges in which values lie."""
        return np.digitize(np.asarray(values, dtype=np.float64), self.edges)


HEIGHTS = Bands(("<32", "32-64", "64-128", "128-256", ">=256"), (32, 64, 128, 256))
# Wang et al., "Repulsion Loss: Detecting Pedestrians in a Crowd", CVPR 2018, of CityPersons' boxes.
OCCLUSIONS = Bands(("bare", "partial", "heavy"), (0.1, 0.35))
CROWDINGS = Bands(("0", "1", "2-4", "5-9", ">=10"), (1, 2, 5, 10))


def covered_shares(people: Sequence[Record], image: Record) -> np.ndarray:
    """(N,) shares of each person's box, inside the image, that other people cover.

    Who is in front is not annotated: where two boxes overlap, both people are covered, unless a mask tells which
    pixels show the other one.

    Parameters
    ----------
    people
        Annotations of an image in the common form; crowds cover nobody.
    image
        Its record, with ``width`` and ``height`` in px.
    """
    from pycocotools import mask as rle

    shares = np.zeros(len(people))
    if not people:
        return shares
    boxes = _inside(np.array([person["bbox"] for person in people], dtype=np.float64), image)
    one = np.array([not person.get("iscrowd") for person in people])
    touching = (rle.iou(boxes, boxes, [0] * len(boxes)) > 0) & one & ~np.eye(len(boxes), dtype=bool)
    for n in np.flatnonzero(touching.any(axis=1)):
        (own,) = rle.frPyObjects(boxes[n : n + 1], image["height"], image["width"])
        others = rle.merge([_region(people[m], boxes[m], image) for m in np.flatnonzero(touching[n])])
        shares[n] = rle.area(rle.merge([own, others], intersect=True)) / max(1, rle.area(own))
    return shares


def people_per_image(people: Sequence[Record]) -> dict[int, float]:
    """How many people images show, by image id; infinitely many where some are annotated as a crowd."""
    number: dict[int, float] = defaultdict(float)
    for person in people:
        number[person["image_id"]] += np.inf if person.get("iscrowd") else 1
    return number


def _inside(boxes: np.ndarray, image: Record) -> np.ndarray:
    size = [image["width"], image["height"]]  # pycocotools walks along every px of an edge, outside as well
    low, high = (np.clip(corner, 0, size) for corner in (boxes[:, :2], boxes[:, :2] + boxes[:, 2:]))
    return np.concatenate([low, high - low], axis=1)


def _region(person: Record, box: np.ndarray, image: Record) -> Record:
    from pycocotools import mask as rle

    if mask := person.get("segmentation"):
        return encoded(mask, image)
    return rle.frPyObjects(box[None], image["height"], image["width"])[0]
