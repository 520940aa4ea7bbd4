"""Areas under precision-recall curves of many resamples, compiled.

A detection of an image that is drawn n times counts n times. Curves are followed from their last detection to the
first, so that the best precision at any higher recall, the envelope, is known at every point. Nothing here holds the
interpreter's lock: threads compute in parallel.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit


def compiled(function: Callable) -> Callable:
    """The function compiled at its first call, or read from where an earlier process has kept it."""
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # nowhere to write
        return njit(nogil=True)(function)


_TINY = np.spacing(1)  # pycocotools divides by counts that are so much larger


@compiled
def interpolated(
    draws: np.ndarray,
    owners: np.ndarray,
    images: np.ndarray,
    starts: np.ndarray,
    correct: np.ndarray,
    counted: np.ndarray,
    recalls: np.ndarray,
    thresholds: int,
) -> np.ndarray:
    """The mean of the envelope of precision at fixed recalls, as pycocotools takes it.

    Parameters
    ----------
    draws
        (B, I) how often an image is drawn.
    owners
        (G,) the image of every instance that counts.
    images
        (D,) the image of every detection, best first.
    starts
        (D,) where the run of detections begins that are of the same image and have the same score. The copies of an
        image follow one another, each with its whole run.
    correct, counted
        (D,) bits by IoU threshold: whether the detection finds an instance, and whether it is not ignored.
    recalls
        (R,) the recalls in ascending order, the first one 0.
    thresholds
        Their number T.

    Returns
    -------
    numpy.ndarray
        (B, T) float64, NaN where no instance is drawn.
    """
    every = (1 << thresholds) - 1
    means = np.full((len(draws), thresholds), np.nan)
    least = np.empty(len(recalls), dtype=np.int64)
    hits = np.empty(thresholds, dtype=np.int64)
    ignored, place = np.empty_like(hits), np.empty_like(hits)
    best, sums = np.empty(thresholds), np.empty(thresholds)
    for b in range(len(draws)):
        weights = draws[b]
        instances = 0
        for owner in owners:
            instances += np.int64(weights[owner])
        if not instances:
            continue
        # How many instances have to be found to reach each recall; both sides are rounded as in pycocotools.
        found = 0
        for r in range(len(recalls)):
            while found / instances < recalls[r]:
                found += 1
            least[r] = found
        total = 0
        hits[:] = 0
        ignored[:] = 0
        for d in range(len(images)):
            weight = np.int64(weights[images[d]])
            if weight:
                total += weight
                if counted[d] != every:
                    _add(ignored, every & ~counted[d], weight)
                if correct[d]:
                    _add(hits, correct[d], weight)
        best[:] = 0.0
        sums[:] = 0.0
        for t in range(thresholds):
            place[t] = len(recalls) - 1
            while least[place[t]] > hits[t]:
                place[t] -= 1
        end = len(images)
        while end:
            start = starts[end - 1]
            weight = np.int64(weights[images[start]])
            # The copies of a single detection are one step of the curve, those of a run are as many as are drawn.
            copies, step = (1, weight) if end - start == 1 else (weight, 1)
            if not weight:
                copies = 0
            for _ in range(copies):
                for d in range(end - 1, start - 1, -1):
                    bits = np.int64(correct[d])
                    t = 0
                    while bits:
                        if bits & 1:
                            best[t] = max(best[t], hits[t] / (total - ignored[t] + _TINY))
                            hits[t] -= step
                            while least[place[t]] > hits[t]:
                                sums[t] += best[t]
                                place[t] -= 1
                        bits >>= 1
                        t += 1
                    total -= step
                    if counted[d] != every:
                        _add(ignored, every & ~counted[d], -step)
            end = start
        for t in range(thresholds):
            means[b, t] = (sums[t] + (place[t] + 1) * best[t]) / len(recalls)
    return means


@compiled
def stepwise(
    draws: np.ndarray, images: np.ndarray, lasts: np.ndarray, correct: np.ndarray, missed: np.ndarray
) -> np.ndarray:
    """The area under the line through the points of the curve, as cityscapesscripts takes it.

    Parameters
    ----------
    draws
        (B, I) how often an image is drawn.
    images
        (D,) the image of every detection that counts, best first.
    lasts
        (D,) whether the next detection has a lower score: only there does the curve have a point.
    correct
        (D,) whether the detection finds an instance.
    missed
        (B,) how many instances nothing finds.

    Returns
    -------
    numpy.ndarray
        (B,) float64, NaN where no instance is drawn, else 0 where no detection is.
    """
    areas = np.full(len(draws), np.nan)
    for b in range(len(draws)):
        weights = draws[b]
        instances = missed[b]
        for d in range(len(images)):
            if correct[d]:
                instances += np.int64(weights[images[d]])
        if not instances:
            continue
        area, precision, recall = 0.0, 1.0, 0.0
        hits = total = 0
        for d in range(len(images)):
            weight = np.int64(weights[images[d]])
            total += weight
            if correct[d]:
                hits += weight
            if lasts[d] and total:
                area += 0.5 * (precision + hits / total) * (hits / instances - recall)
                precision, recall = hits / total, hits / instances
        areas[b] = area
    return areas


@compiled
def _add(counts: np.ndarray, bits: int, value: int) -> None:
    """Add the value to every count whose bit is set."""
    t = 0
    while bits:
        if bits & 1:
            counts[t] += value
        bits >>= 1
        t += 1
