"""What COCO's records are called and counted by, for every task and metric."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

Record = dict[str, Any]
"""A COCO record: an image, a category, an annotation, or what is made from an annotation or a result to be compared."""

Values = dict[str, float | None]
"""Metrics by name: fractions of 1, None where the data have no instance that defines them."""


def named(annotations: Record) -> str:
    """What messages call a split in the common form."""
    info = annotations.get("info", {})
    return f"The dataset {info.get('dataset')} ({info.get('split')} split)"


def counts(record: Record) -> bool:
    """Whether a ground-truth record counts as an instance: not a crowd and, for poses, with a labelled keypoint."""
    return not record["iscrowd"] and record.get("num_keypoints", 1) > 0


def by_image(records: Iterable[Record]) -> defaultdict[int, list[Record]]:
    """Records by the id of their image, in the same order."""
    found = defaultdict(list)
    for record in records:
        found[record["image_id"]].append(record)
    return found
