"""What kinds of errors poses have in placing keypoints, and what each costs.

Ruggero Ronchi and Perona, "Benchmarking and Error Diagnosis in Multi-Instance Pose Estimation", ICCV 2017, section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anonbench.evaluate.comparison import Comparison
from anonbench.evaluate.errors.record import Decomposition, Error, TaskErrors
from anonbench.evaluate.matches import average_precisions, every_image_once
from anonbench.evaluate.matching import Pair, match, matches_by_choice
from anonbench.evaluate.overlap import keypoint_similarities, overlaps
from anonbench.evaluate.records import Record, by_image, counts

MATCHED = 0.1  # OKS from which on a pose is of a person
NEAR, GOOD = 0.5, 0.85  # keypoint similarities
MOST = 20  # poses per image and category, as COCO takes

JITTER, INVERSION, SWAP, MISS = KINDS = ("jitter", "inversion", "swap", "miss")


@dataclass(frozen=True)
class Judged:
    """The poses of a category in an image, best first, and its people.

    ``errors`` (D, K) are positions in :data:`KINDS`, -1 for keypoints without an error. ``mended`` (D, K, 2) are places
    in px without it. ``judged`` counts the labelled keypoints of people whom a pose matches.
    """

    found: list[Record]
    truth: list[Record]
    errors: np.ndarray
    mended: np.ndarray
    judged: int


def pose_errors(comparison: Comparison) -> TaskErrors:
    """The four errors of keypoints, of poses that match a person at an OKS of 0.1 at least.

    A keypoint is compared with the labelled keypoints that it may have been taken for: its own, the person's on the
    other side, and both of every other person in the image. By the one to which it is most similar,
    exp(-d² / (8 σ² area)), it is

    - good, from 0.85 on, or a ``jitter``, from 0.5 on, where that is its own
    - an ``inversion``, from 0.5 on, where that is on the other side
    - a ``swap``, from 0.5 on, where that is another person's
    - a ``miss`` below 0.5

    Mended, it lies so far from its own place that their similarity is 0.85 for a jitter, 0.5 for a miss, and what it is
    to the other keypoint for an inversion or a swap. ``dap`` is by how much AP over OKS 0.50:0.05:0.95 rises where one
    kind is mended; the paper mends one after another. The authors' toolbox mends further than the paper says: it leaves
    out the factor of 4 in the similarity.
    """
    whole: dict[str, Decomposition] = {}
    judged = 0
    for category in comparison.categories:
        images = _judged(comparison, category)
        ap = _average_precision(images, category, None)
        judged += sum(image.judged for image in images)
        errors = {}
        for kind in KINDS:
            number = sum(int(np.count_nonzero(image.errors == KINDS.index(kind))) for image in images)
            mended = _average_precision(images, category, kind)
            errors[kind] = Error(count=number, dap=None if ap is None or mended is None else mended - ap)
        whole[category["name"]] = Decomposition(ap=ap, errors=errors)
    categories = {name: of for name, of in whole.items() if of.ap is not None}
    return TaskErrors(
        ap=_mean([of.ap for of in categories.values()]),
        errors={
            kind: Error(
                count=sum(of.errors[kind].count for of in whole.values()),
                dap=_mean([of.errors[kind].dap for of in categories.values()]),
            )
            for kind in KINDS
        },
        judged=judged,
        categories=categories,
    )


def _judged(comparison: Comparison, category: Record) -> list[Judged]:
    """Every image, in ascending order of its id."""
    found_of, truth_of = (
        by_image(record for record in records if record["category_id"] == category["id"])
        for records in (comparison.found(), comparison.truth({category["id"]}))
    )
    sigmas, other = np.asarray(category["sigmas"], dtype=np.float64), _other_sides(category["keypoints"])
    return [
        _judge(
            sorted(found_of[image_id], key=lambda record: -record["score"])[:MOST], truth_of[image_id], sigmas, other
        )
        for image_id in comparison.image_ids
    ]


def _judge(found: list[Record], truth: list[Record], sigmas: np.ndarray, other: np.ndarray) -> Judged:
    places = _places(found, len(sigmas))
    errors, mended, judged = np.full(places.shape[:2], -1), places.copy(), 0
    similar = overlaps(found, truth, "keypoints", sigmas)
    ((matched,),) = match(similar, *_flags(truth), np.array([MATCHED]))
    for d in np.flatnonzero(matched >= 0):
        person = matched[d]
        errors[d], similarities = _errors(places[d], truth, person, sigmas, other)
        own = np.array(truth[person]["keypoints"], dtype=np.float64).reshape(-1, 3)
        judged += int(np.count_nonzero(own[:, 2] > 0))
        reach = 2 * sigmas * np.sqrt(-2 * np.log(similarities) * truth[person]["area"])
        wrong = errors[d] >= 0
        mended[d, wrong] = own[wrong, :2] + np.stack([reach, np.zeros_like(reach)], axis=1)[wrong]
    return Judged(found, truth, errors, mended, judged)


def _errors(
    places: np.ndarray, truth: list[Record], person: int, sigmas: np.ndarray, other: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(K,) positions in :data:`KINDS` or -1, and (K,) similarities of mended keypoints to their own places.

    ``places`` are (K, 2) px of a pose that matches ``truth[person]``; ``other`` are the keypoints' other sides.
    """
    people = [truth[person], *truth[:person], *truth[person + 1 :]]
    swapped = [_mirrored(one, other) for one in people]
    # (2 P, K): each person's own keypoints, the matched one's first, and then those of the other sides.
    similar = np.concatenate([keypoint_similarities(places[None], one, sigmas) for one in (*people, *swapped)])
    similar = np.where(np.isnan(similar), -1.0, similar)
    best, taken_for = similar.max(axis=0), similar.argmax(axis=0)
    labelled = np.array(truth[person]["keypoints"][2::3]) > 0
    kinds = np.select(
        [best < NEAR, taken_for == len(people), taken_for > 0, best < GOOD],
        [KINDS.index(kind) for kind in (MISS, INVERSION, SWAP, JITTER)],
        -1,
    )
    mended = np.select([best < NEAR, taken_for > 0], [NEAR, best], GOOD)
    return np.where(labelled, kinds, -1), mended


def _average_precision(images: Sequence[Judged], category: Record, kind: str | None) -> float | None:
    """AP of a category, with a kind of error mended; None without an instance."""
    pairs = []
    for image in images:
        found = image.found
        if kind is not None:
            places = _places(found, len(category["sigmas"]))
            wrong = image.errors == KINDS.index(kind)
            places[wrong] = image.mended[wrong]
            found = [record | {"keypoints": _flat(of)} for record, of in zip(found, places, strict=True)]
        similar = overlaps(found, image.truth, "keypoints", category["sigmas"])
        crowd, ignored = _flags(image.truth)
        scores = np.array([record["score"] for record in found], dtype=np.float64)
        pairs.append(Pair(similar, scores, crowd, ignored, np.zeros((1, len(found)), dtype=bool)))
    if not pairs:
        return None
    value = float(average_precisions(matches_by_choice(pairs), every_image_once(len(pairs))).mean())
    return None if np.isnan(value) else value


def _flags(truth: list[Record]) -> tuple[np.ndarray, np.ndarray]:
    """(G,) bool, who is a crowd, and (1, G) bool, who does not count."""
    crowd = np.array([record["iscrowd"] for record in truth], dtype=bool)
    return crowd, np.array([[not counts(record) for record in truth]], dtype=bool)


def _places(found: list[Record], keypoints: int) -> np.ndarray:
    """(D, K, 2) px."""
    return np.array([d["keypoints"] for d in found], dtype=np.float64).reshape(-1, keypoints, 3)[..., :2].copy()


def _flat(places: np.ndarray) -> list[float]:
    return np.column_stack([places, np.ones(len(places))]).ravel().tolist()


def _mirrored(person: Record, other: np.ndarray) -> Record:
    """The person with left and right keypoints in each other's place."""
    places = np.array(person["keypoints"], dtype=np.float64).reshape(-1, 3)
    return person | {"keypoints": places[other].ravel().tolist()}


def _other_sides(names: list[str]) -> np.ndarray:
    """(K,) positions of the keypoints on the other side; a keypoint without one is its own."""

    def other(name: str) -> str:
        side, _, joint = name.partition("_")
        return {"left": f"right_{joint}", "right": f"left_{joint}"}.get(side, name)

    return np.array([names.index(other(name)) if other(name) in names else k for k, name in enumerate(names)])


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
