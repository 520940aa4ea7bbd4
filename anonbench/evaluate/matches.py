"""Which detections match an instance, and the average precision and recall of resamples of the images."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from anonbench.evaluate.metric import mean_of_defined
from anonbench.evaluate.records import Record

THRESHOLDS = 10  # IoU or OKS 0.50:0.05:0.95
_BITS = 1 << np.arange(THRESHOLDS)
_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class Matches:
    """The detections of one category and range of areas, best first, equal scores in ascending order of image id.

    What is ignored at every IoU threshold is left out, and what comes after the last that matches an instance. Images
    are positions in the ascending image ids.

    Parameters
    ----------
    owners
        (G,) int32, the image of every instance that counts.
    images
        (D,) int32, the image of every detection.
    starts
        (D,) int32, where the run of detections begins that are of the same image and have the same score.
    correct, counted
        (D,) int32, bits by IoU threshold: whether the detection matches an instance, and whether it is not ignored.
    """

    owners: np.ndarray
    images: np.ndarray
    starts: np.ndarray
    correct: np.ndarray
    counted: np.ndarray


@dataclass(frozen=True)
class CategoryMatches:
    """What has to be known of one category to resample COCO's metrics.

    Parameters
    ----------
    ranges
        The matches by range of areas, among them ``all``.
    instances
        (I,) int64, how many instances of an image count.
    found
        By the recall's name, (I,) int64, how many of them an image's best detections match, summed over IoU thresholds.
    """

    ranges: dict[str, Matches]
    instances: np.ndarray
    found: dict[str, np.ndarray]


def category_of(entries: dict[str, Sequence[Record | None]], limits: dict[str, int]) -> CategoryMatches:
    """The matches of a category.

    Parameters
    ----------
    entries
        By range of areas, what pycocotools keeps of every image, in ascending order of image id; None where an image
        has neither instances nor detections of the category.
    limits
        How many of an image's best detections count for a recall, by the recall's name.
    """
    whole = entries["all"]
    instances, *found = np.zeros((1 + len(limits), len(whole)), dtype=np.int64)
    for image, entry in enumerate(whole):
        if entry is not None:
            instances[image] = _instances(entry)
            right = (entry["dtMatches"] != 0) & (entry["dtIgnore"] == 0)
            for counts, limit in zip(found, limits.values(), strict=True):
                counts[image] = np.count_nonzero(right[:, :limit])
    ranges = {area: _matches_of(of) for area, of in entries.items()}
    return CategoryMatches(ranges, instances, dict(zip(limits, found, strict=True)))


def every_image_once(images: int) -> np.ndarray:
    """(1, I) uint16, the draw that is the split itself."""
    return np.ones((1, images), dtype=np.uint16)


def average_precisions(categories: Sequence[Matches], draws: np.ndarray) -> np.ndarray:
    """The average precision of every category and IoU threshold in every resample.

    Parameters
    ----------
    categories
        The matches of every category.
    draws
        (B, I) integers, how often each image is drawn. A resample is the dataset that has every image, in ascending
        order of image id, as many times; of equal scores, pycocotools takes those of earlier images first.

    Returns
    -------
    numpy.ndarray
        (K, B, T) float64: what pycocotools gives for these datasets, in [0, 1]; NaN where no instance is drawn.
    """
    # Here because who reads only which metrics there are needs no compiler.
    from anonbench.evaluate.curves import interpolated

    found = np.empty((len(categories), len(draws), THRESHOLDS))
    for k, of in enumerate(categories):
        found[k] = interpolated(
            draws, of.owners, of.images, of.starts, of.correct, of.counted, _RECALLS, THRESHOLDS
        )  # fmt: skip
    return found


def average_recalls(categories: Collection[CategoryMatches], draws: np.ndarray) -> dict[str, np.ndarray]:
    """The recall of resamples, averaged over IoU thresholds and over the categories that have an instance.

    The parameter ``draws`` is that of :func:`average_precisions`.

    Returns
    -------
    dict
        (B,) float64 by name, NaN where no instance is drawn.
    """
    often = draws.astype(np.float64)
    instances = often @ np.stack([category.instances for category in categories], axis=1)
    recalls = {}
    for name in next(iter(categories)).found:
        found = often @ np.stack([category.found[name] for category in categories], axis=1) / THRESHOLDS
        of_category = np.divide(found, instances, out=np.full_like(found, np.nan), where=instances > 0)
        recalls[name] = mean_of_defined(of_category.T)
    return recalls


def _instances(entry: Record) -> int:
    return int(np.count_nonzero(np.asarray(entry["gtIgnore"]) == 0))


def _matches_of(entries: Sequence[Record | None]) -> Matches:
    known = [(image, entry) for image, entry in enumerate(entries) if entry is not None]
    owners = np.repeat([image for image, _ in known], [_instances(entry) for _, entry in known])
    images = np.repeat([image for image, _ in known], [len(entry["dtScores"]) for _, entry in known])
    scores = np.array([score for _, entry in known for score in entry["dtScores"]], dtype=np.float64)
    flags = (
        np.concatenate([np.zeros((THRESHOLDS, 0)), *(entry[key] for _, entry in known)], axis=1) != 0
        for key in ("dtMatches", "dtIgnore")
    )
    return ordered(owners, images, scores, *flags)


def ordered(
    owners: np.ndarray, images: np.ndarray, scores: np.ndarray, matched: np.ndarray, ignored: np.ndarray
) -> Matches:
    """The matches of detections that come image after image, best first in each.

    Parameters
    ----------
    owners
        (G,) integers, the image of every instance that counts.
    images, scores
        (D,) of every detection.
    matched, ignored
        (T, D) bool: whether it matches an instance, and whether it is neither right nor wrong.
    """
    order = np.argsort(-scores, kind="stable")
    counted = _BITS @ ~ignored[:, order]
    correct = _BITS @ (matched & ~ignored)[:, order]
    order, counted, correct = order[counted > 0], counted[counted > 0], correct[counted > 0]
    images, scores = images[order], scores[order]
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (np.diff(images) != 0) | (np.diff(scores) != 0)
    starts = np.flatnonzero(begins)[np.cumsum(begins) - 1]
    right = np.flatnonzero(correct)
    # A run stays whole: where its image is drawn twice, what follows the match comes before the match's copy.
    end = np.searchsorted(starts, starts[right[-1]], side="right") if len(right) else 0
    return Matches(*(array.astype(np.int32) for array in (owners, images[:end], starts[:end], correct[:end],
                                                          counted[:end])))  # fmt: skip
