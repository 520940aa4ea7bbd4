"""Whether a dataset's training and validation splits fit each other, before anything is trained on the one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anonbench.common.errors import UserError
from anonbench.datasets.json_stream import records


@dataclass(frozen=True)
class _Summary:
    """What of a split has to fit: its categories' keypoints by name, and which category ids have instances."""

    path: Path
    keypoints: dict[str, list[str]]
    people: set[int]
    present: set[int]


def check_agreement(train: Path, val: Path) -> None:
    """Stop where a model trained on one split could not be scored on the other, or would have nothing to learn.

    Parameters
    ----------
    train, val
        The JSON files of both splits in the common form.

    Raises
    ------
    UserError
        If their categories or keypoints differ, the training split has no instance to learn from, or the validation
        split nobody to find. Crowds do not count.
    """
    learned, scored = _summary(train), _summary(val)
    for one, other in ((learned, scored), (scored, learned)):
        if lacking := sorted(one.keypoints.keys() - other.keypoints.keys()):
            raise UserError(
                f"{other.path} lacks categories of {one.path}: {', '.join(lacking)}.",
                "List the same categories in both files, or choose some with the dataset's `categories`.",
            )
    for name, keypoints in learned.keypoints.items():
        if scored.keypoints[name] != keypoints:
            raise UserError(
                f"The keypoints of {name!r} differ: {train} has {_words(keypoints)}, and {val} has"
                f" {_words(scored.keypoints[name])}.",
                "Name the same keypoints in the same order in both files.",
            )
    if not learned.present:
        raise UserError(
            f"{train} has no box of a single thing or person, only crowds.", "Annotate some, or name another file."
        )
    if not scored.present & scored.people:
        raise UserError(
            f"{val} has no person who could be found, only crowds or other categories.",
            "Put images of people into the validation split, or correct the dataset's `people`.",
        )


def _words(names: list[str]) -> str:
    return ", ".join(names) if names else "none"


def _summary(path: Path) -> _Summary:
    categories = list(_records(path, "categories"))
    people = {category["id"] for category in categories if category.get("is_person")}
    present: set[int] = set()
    for annotation in _records(path, "annotations"):
        if not annotation.get("iscrowd") and min(annotation["bbox"][2:]) > 0:
            present.add(annotation["category_id"])
            if present & people:  # so much is asked, and a large file is not read to its end
                break
    return _Summary(
        path=path,
        keypoints={category["name"]: category.get("keypoints") or [] for category in categories},
        people=people,
        present=present,
    )


def _records(path: Path, key: str) -> Any:
    with open(path, "rb") as stream:
        yield from records(stream, key, str(path))
