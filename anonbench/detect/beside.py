"""People and faces that a detector finds beside the annotated ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# A detection is of an annotated person if their boxes overlap by so much (intersection over union), since boxes of
# people by different hands agree by half and more; or if annotated people, crowds among them, cover most of it.
_SAME = 0.3
_COVERED = 0.7


def beside(found: np.ndarray, known: Sequence[np.ndarray]) -> np.ndarray:
    """Which detections are of nobody who is annotated.

    Parameters
    ----------
    found
        (N, 4) ``xyxy`` px.
    known
        (4,) ``xyxy`` px of every annotated person.

    Returns
    -------
    numpy.ndarray
        (N,) bool.
    """
    if not len(found) or not len(known):
        return np.ones(len(found), bool)
    boxes = np.asarray(known, float).reshape(-1, 4)
    low, high = np.maximum(found[:, None, :2], boxes[:, :2]), np.minimum(found[:, None, 2:], boxes[:, 2:])
    shared = (high - low).clip(0).prod(axis=2)
    own, others = (found[:, 2:] - found[:, :2]).prod(axis=1), (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    same = (shared / (own[:, None] + others - shared)).max(axis=1) >= _SAME
    covered = np.array([_covered(box, boxes) for box in found]) >= _COVERED
    return ~(same | covered)


def _covered(box: np.ndarray, known: np.ndarray) -> float:
    """Which share of a box lies in the union of others."""
    xs, ys = (np.unique(np.concatenate([box[i::2], known[:, i::2].ravel()]).clip(*box[i::2])) for i in (0, 1))
    x, y = (xs[:-1] + xs[1:]) / 2, (ys[:-1] + ys[1:]) / 2
    inside = (known[:, 0, None] <= x) & (x < known[:, 2, None]), (known[:, 1, None] <= y) & (y < known[:, 3, None])
    grid = (inside[0][:, None, :] & inside[1][:, :, None]).any(axis=0)
    area = (box[2:] - box[:2]).prod()
    return float((grid * np.diff(ys)[:, None] * np.diff(xs)).sum() / area) if area > 0 else 1.0
