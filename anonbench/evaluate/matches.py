"""Which detections of every image match an instance, and the average precision of any resample of the images."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from anonbench.evaluate.records import Record

THRESHOLDS = 10  # IoU or OKS 0.50:0.05:0.95
_RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class Matches:
    """The detections of one category, image after image in ascending order of image id and best first in each.

    ``starts`` and ``counts`` (I,) int64 index the (D,) arrays by image. ``instances`` (I,) int64 are those that count;
    ``scores`` is (D,) float64; ``matched`` and ``ignored`` are (T, D) bool, by IoU threshold.
    """

    starts: np.ndarray
    counts: np.ndarray
    instances: np.ndarray
    scores: np.ndarray
    matched: np.ndarray
    ignored: np.ndarray


def matches_of(entries: list[Record | None]) -> Matches:
    """The matches of a category from what pycocotools keeps of every image."""
    known = [entry for entry in entries if entry is not None]
    counts = np.array([0 if entry is None else len(entry["dtScores"]) for entry in entries], dtype=np.int64)
    instances = [0 if entry is None else np.count_nonzero(np.asarray(entry["gtIgnore"]) == 0) for entry in entries]
    flags = (
        np.concatenate([np.zeros((THRESHOLDS, 0)), *(entry[key] for entry in known)], axis=1) != 0
        for key in ("dtMatches", "dtIgnore")
    )
    scores = np.array([score for entry in known for score in entry["dtScores"]], dtype=np.float64)
    return Matches(np.cumsum(counts) - counts, counts, np.array(instances, dtype=np.int64), scores, *flags)


def average_precisions(categories: Collection[Matches], image_indices: np.ndarray | None = None) -> dict[str, float]:
    """``AP``, ``AP50`` and ``AP75`` of a resample of a split's images, averaged over categories that have an instance.

    Parameters
    ----------
    categories
        The matches of every category.
    image_indices
        (N,) integer positions in the ascending image ids, repeated as drawn; None for every image once.

    Returns
    -------
    dict
        What pycocotools gives for a dataset of these images, in [0, 1]; NaN where they have no instance.
    """
    tables = [table for matches in categories if (table := _precisions(matches, image_indices)) is not None]
    return {
        "AP": _mean([float(table.mean()) for table in tables]),
        "AP50": _mean([float(table[0].mean()) for table in tables]),
        "AP75": _mean([float(table[5].mean()) for table in tables]),
    }


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _precisions(matches: Matches, image_indices: np.ndarray | None) -> np.ndarray | None:
    """(T, 101) precisions at COCO's recalls, None where the images have no instance."""
    chosen = np.arange(len(matches.counts)) if image_indices is None else np.asarray(image_indices, dtype=np.int64)
    instances = matches.instances[chosen].sum()
    if instances == 0:
        return None
    counts = matches.counts[chosen]
    if counts.sum() == 0:
        return np.zeros((THRESHOLDS, len(_RECALLS)))
    # Positions of every chosen image's detections, image after image.
    drawn = np.arange(counts.sum()) + np.repeat(matches.starts[chosen] - (np.cumsum(counts) - counts), counts)
    drawn = drawn[np.argsort(-matches.scores[drawn], kind="stable")]
    matched, ignored = matches.matched[:, drawn], matches.ignored[:, drawn]
    true = np.cumsum(matched & ~ignored, axis=1, dtype=np.float64)
    false = np.cumsum(~matched & ~ignored, axis=1, dtype=np.float64)
    precision = true / (true + false + np.spacing(1))
    envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    # COCO's 101-point interpolation; recalls that are never reached have precision 0.
    envelope = np.concatenate([envelope, np.zeros((THRESHOLDS, 1))], axis=1)
    reached = [np.searchsorted(recall, _RECALLS, side="left") for recall in true / instances]
    return np.take_along_axis(envelope, np.array(reached), axis=1)
