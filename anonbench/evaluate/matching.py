"""COCO's matching of detections with instances, for several choices of what is ignored at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anonbench.evaluate.matches import THRESHOLDS, Matches, ordered

IOUS = np.linspace(0.5, 0.95, THRESHOLDS)


@dataclass(frozen=True)
class Pair:
    """An image's detections of a category, best first, and its instances of it, for B choices of what is ignored.

    ``overlaps`` is (D, G), ``scores`` (D,) and ``crowd`` (G,) bool. ``ignored`` (B, G) bool are instances that do not
    count, ``outside`` (B, D) bool detections that are ignored if they match nothing.
    """

    overlaps: np.ndarray
    scores: np.ndarray
    crowd: np.ndarray
    ignored: np.ndarray
    outside: np.ndarray


def match(overlaps: np.ndarray, crowd: np.ndarray, ignored: np.ndarray, thresholds: np.ndarray = IOUS) -> np.ndarray:
    """Which instance each detection matches, as pycocotools' ``evaluateImg`` has it.

    A detection takes the free instance that it overlaps most; one that is ignored only if there is no other. Of equal
    overlaps the last counts. Crowds are always free.

    Parameters
    ----------
    overlaps, crowd, ignored
        As in :class:`Pair`.
    thresholds
        (T,) least overlaps, ascending.

    Returns
    -------
    np.ndarray
        (B, T, D) int64 positions of instances by threshold, -1 without a match.
    """
    choices, instances = ignored.shape
    found = np.full((choices, len(thresholds), len(overlaps)), -1)
    if not instances:
        return found
    free = np.ones((choices, len(thresholds), instances), dtype=bool)
    for d in np.flatnonzero(overlaps.max(axis=1) >= thresholds[0]):
        able = free & (overlaps[d] >= np.minimum(thresholds, 1 - 1e-10)[:, None])
        counted = able & ~ignored[:, None]
        able = np.where(counted.any(axis=2, keepdims=True), counted, able)
        best = instances - 1 - np.where(able, overlaps[d], -1.0)[..., ::-1].argmax(axis=2)
        matched = able.any(axis=2)
        found[..., d] = np.where(matched, best, -1)
        b, t = np.nonzero(matched & ~crowd[best])
        free[b, t, best[b, t]] = False
    return found


def matches_by_choice(pairs: Sequence[Pair]) -> list[Matches]:
    """The matches of a category for each choice of what is ignored, from every image in ascending order of its id."""
    images = np.repeat(np.arange(len(pairs)), [len(pair.scores) for pair in pairs])
    scores = np.concatenate([pair.scores for pair in pairs])
    matched, ignored = (np.concatenate(flags, axis=2) for flags in zip(*map(_flags, pairs), strict=True))
    owners = [
        np.repeat(np.arange(len(pairs)), [np.count_nonzero(~pair.ignored[b]) for pair in pairs])
        for b in range(len(matched))
    ]
    return [ordered(owners[b], images, scores, matched[b], ignored[b]) for b in range(len(matched))]


def _flags(pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    """(B, T, D) bool twice: whether a detection matches, and whether it is ignored."""
    found = match(pair.overlaps, pair.crowd, pair.ignored)
    matched = found >= 0
    outside = np.broadcast_to(pair.outside[:, None], found.shape)
    if not matched.any():
        return matched, outside
    choice = np.arange(len(found))[:, None, None]
    return matched, np.where(matched, pair.ignored[choice, found], outside)
