"""TIDE: what kinds of errors boxes and masks have, and what each costs.

Bolya et al., "TIDE: A General Toolbox for Identifying Object Detection Errors", ECCV 2020, section 2; as tidecv 1.0.1
has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from anonbench.evaluate.comparison import Comparison
from anonbench.evaluate.errors.record import Decomposition, Error, TaskErrors
from anonbench.evaluate.overlap import encoded, overlaps
from anonbench.evaluate.records import Record, by_image, counts

POSITIVE, BACKGROUND = 0.5, 0.1  # IoUs
MOST = 100  # detections per image, of all categories together
_RECALLS = np.arange(101) / 100

CLASSIFICATION, LOCALISATION, BOTH, DUPLICATE, BACKDROP, MISSED = KINDS = (
    "classification", "localisation", "both", "duplicate", "background", "missed",
)  # fmt: skip
_NONE = -1


@dataclass(frozen=True)
class Judged:
    """The detections of some images, best first in each, and their instances.

    ``score`` (D,) float64, ``category`` (D,) ids, ``right`` (D,) bool. ``ignored`` (D,) bool are detections in crowds,
    which count for nothing. ``error`` (D,) is a position in :data:`KINDS`, -1 of right ones; ``mended`` (D,) bool says
    whether the detection is right once that error is mended, in category ``mended_category`` (D,). ``instances`` (G,)
    are categories of instances, ``missed`` (G,) bool those that no detection is right about or could be mended to be.
    """

    score: np.ndarray
    category: np.ndarray
    right: np.ndarray
    ignored: np.ndarray
    error: np.ndarray
    mended: np.ndarray
    mended_category: np.ndarray
    instances: np.ndarray
    missed: np.ndarray


def detection_errors(comparison: Comparison) -> TaskErrors:
    """The six errors of boxes or masks at IoU 0.5.

    A detection without a match is, by the first that holds, wrong in

    - ``localisation``: its IoU with an instance of its category is 0.1 to 0.5
    - ``classification``: its IoU with one of another category is at least 0.5
    - ``duplicate``: its IoU with one of its category that another detection matches is at least 0.5
    - ``background``: its IoU with every instance is at most 0.1
    - ``both`` otherwise

    and an instance that neither a match nor a mended localisation or classification finds is ``missed``. Mended, the
    surest of the detections that are wrong in localisation or classification about the same unmatched instance is right
    and the others are gone, as are duplicates, background and both; missed instances are not counted. ``dap`` is by how
    much AP50 rises. It is a mean over the categories that have an instance, and 0 for one that is left none; tidecv
    also includes categories without any of which something is detected, until that is mended away.
    """
    judged = _judged(comparison)
    categories = np.unique(judged.instances).tolist()
    base = _average_precisions(judged, categories)
    mended = [_average_precisions(_mend(judged, kind), categories) for kind in KINDS]
    names = comparison.by_id()
    return TaskErrors(
        ap=_mean(base),
        errors={
            kind: Error(count=_count(judged, kind), dap=_mean(after) - _mean(base) if base else None)
            for kind, after in zip(KINDS, mended, strict=True)
        },
        judged=len(judged.score),
        categories={
            names[key]["name"]: Decomposition(
                ap=base[key],
                errors={
                    kind: Error(count=_count(judged, kind, key), dap=after[key] - base[key])
                    for kind, after in zip(KINDS, mended, strict=True)
                },
            )
            for key in categories
        },
    )


def _judged(comparison: Comparison) -> Judged:
    kind = comparison.task.kind
    images = {image["id"]: image for image in comparison.split["images"]}
    found_of, truth_of = by_image(comparison.found()), by_image(comparison.truth())
    parts = [_judge([], [], kind)]
    for image_id in comparison.image_ids:
        truth = truth_of[image_id]
        if kind == "segmentation":
            truth = [record | {kind: encoded(record[kind], images[image_id])} for record in truth]
        found = sorted(found_of[image_id], key=lambda record: -record["score"])[:MOST]
        parts.append(_judge(found, truth, kind))
    return Judged(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Judged)))


def _judge(found: Sequence[Record], truth: Sequence[Record], kind: str) -> Judged:
    """One image."""
    crowds, truth = [g for g in truth if not counts(g)], [g for g in truth if counts(g)]
    category, instances = (
        np.array([record["category_id"] for record in records], dtype=np.int64) for records in (found, truth)
    )
    iou = overlaps(found, truth, kind)
    same = category[:, None] == instances
    match = _match(iou * same)
    right, used = match >= 0, np.isin(np.arange(len(truth)), match)
    in_crowd = (overlaps(found, crowds, kind) > POSITIVE) & (
        category[:, None] == np.array([record["category_id"] for record in crowds], dtype=np.int64)
    )
    error, about = _errors(iou, same, used)
    error[right] = _NONE
    mendable = np.flatnonzero(~right & (about >= 0))
    mendable = mendable[~used[about[mendable]]]
    target, first = np.unique(about[mendable], return_index=True)  # of one instance the surest detection
    mended = np.zeros(len(found), dtype=bool)
    mended[mendable[first]] = True
    mended_category = category.copy()
    mended_category[mended] = instances[about[mended]]
    missed = ~used
    missed[target] = False
    return Judged(
        score=np.array([record["score"] for record in found], dtype=np.float64),
        category=category,
        right=right,
        ignored=~right & in_crowd.any(axis=1),
        error=error,
        mended=mended,
        mended_category=mended_category,
        instances=instances,
        missed=missed,
    )


def _match(iou: np.ndarray) -> np.ndarray:
    """(D,) positions of the instances that detections match, best first, of (D, G) IoUs; -1 without a match."""
    iou, match = iou.copy(), np.full(len(iou), -1)
    if iou.shape[1]:
        for d in np.flatnonzero(iou.max(axis=1) >= POSITIVE):
            best = iou[d].argmax()
            if iou[d, best] >= POSITIVE:
                match[d] = best
                iou[:, best] = 0
    return match


def _errors(iou: np.ndarray, same: np.ndarray, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(D,) positions in :data:`KINDS`, as if no detection were right, and the instances that they are about or -1."""
    detections, instances = iou.shape
    about = np.full(detections, -1)
    if not instances:
        return np.full(detections, KINDS.index(BACKDROP)), about
    own, other = iou * same, iou * ~same
    best = own.max(axis=1)
    localisation = (best >= BACKGROUND) & (best <= POSITIVE)
    classification = ~localisation & (other.max(axis=1) >= POSITIVE)
    duplicate, background = (own * used).max(axis=1) >= POSITIVE, iou.max(axis=1) <= BACKGROUND
    error = np.select(
        [localisation, classification, duplicate, background],
        [KINDS.index(kind) for kind in (LOCALISATION, CLASSIFICATION, DUPLICATE, BACKDROP)],
        KINDS.index(BOTH),
    )
    about[localisation] = own[localisation].argmax(axis=1)
    about[classification] = other[classification].argmax(axis=1)
    return error, about


def _mend(judged: Judged, kind: str) -> Judged:
    """The same without a kind of error."""
    if kind == MISSED:
        return replace(judged, instances=judged.instances[~judged.missed])
    wrong = judged.error == KINDS.index(kind)
    mended = wrong & judged.mended
    return replace(
        judged,
        category=np.where(mended, judged.mended_category, judged.category),
        right=judged.right | mended,
        ignored=(judged.ignored | wrong) & ~mended,
    )


def _count(judged: Judged, kind: str, category: int | None = None) -> int:
    """How often a kind of error is made: by detections of a category or, of missed ones, its instances."""
    made = judged.missed if kind == MISSED else judged.error == KINDS.index(kind)
    of = judged.instances if kind == MISSED else judged.category
    return int(np.count_nonzero(made if category is None else made & (of == category)))


def _average_precisions(judged: Judged, categories: Sequence[int]) -> dict[int, float]:
    """AP50 of every category, 0 of one without an instance."""
    found = {}
    for category in categories:
        chosen = np.flatnonzero((judged.category == category) & ~judged.ignored)
        right = judged.right[chosen[np.argsort(-judged.score[chosen], kind="stable")]]
        found[category] = _average_precision(right, int(np.count_nonzero(judged.instances == category)))
    return found


def _average_precision(right: np.ndarray, instances: int) -> float:
    """The precision at 101 recalls on average, of (D,) bool, best first."""
    if not right.any():
        return 0.0
    true = np.cumsum(right)
    envelope = np.maximum.accumulate((true / np.arange(1, len(right) + 1))[::-1])[::-1]
    reached = np.searchsorted(true / instances, _RECALLS, side="left")
    return float(np.append(envelope, 0.0)[reached].mean())


def _mean(values: dict[int, float]) -> float | None:
    return sum(values.values()) / len(values) if values else None
