"""Labels that fit what a variant shows: of the people whom it draws anew, those that a model finds.

Nothing here is of :mod:`anonbench.evaluate`, so that a change of how models are scored trains none again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from anonbench.common.records import Record
from anonbench.common.rle import area_of
from anonbench.models.predictions import Box, Pose, Predictions, Rle

Json = dict[str, Any]
"""A COCO record, or a split of them."""

OVERLAP, SURE, VISIBLE = 0.5, 0.3, 0.3
"""The least IoU with the old box and the least score of a detection, and the least score of a keypoint."""
# What an annotation says of where a body or its parts are.
_PLACES = (
    "bbox", "area", "segmentation", "keypoints", "num_keypoints", "face_box", "face_valid", "bbox_source", "doubtful",
)  # fmt: skip


class Counts(Record):
    """How many labels were asked for of ``people`` who are drawn anew: those ``remade``, and those ``ignored`` since
    nobody was found there. Of the labelled ``keypoints`` of people who were found, ``lost`` were not."""

    people: int
    remade: int
    ignored: int
    keypoints: int = 0
    lost: int = 0


def remake(split: Json, predictions: Predictions, redrawn: Collection[int]) -> tuple[Json, Counts]:
    """A split with labels re-made, and their counts; what is not re-made is as it was.

    Boxes and masks are those of detections of the person's category: the surest one first, each goes to the person
    whose old box it overlaps most, of those who have none yet. People who are not drawn anew take part, so that nobody
    gets a neighbour's. A pose is the one that is found in the old box, without the keypoints that are not sure; it
    keeps the box. No label gets what it did not have: a mask, or a keypoint that was not labelled. Whoever is not found
    becomes a crowd, which is neither an object nor background.

    Parameters
    ----------
    split
        The split in the common form.
    predictions
        What a model finds in the variant's images.
    redrawn
        The ids of the annotations whose bodies are drawn anew.
    """
    poses = "keypoints" in predictions
    asked = {
        record["id"]: record
        for record in split["annotations"]
        if record["id"] in redrawn and _is_learned(record, poses)
    }
    found = dict(
        _posed(predictions["keypoints"], asked) if poses else _matched(split["annotations"], predictions, asked)
    )
    annotations = [
        record if record["id"] not in asked else _fitting(record, found.get(record["id"]))
        for record in split["annotations"]
    ]
    labelled = [(_labelled(asked[person]), _labelled(new)) for person, new in found.items()] if poses else []
    counts = Counts(
        people=len(asked),
        remade=len(found),
        ignored=len(asked) - len(found),
        keypoints=sum(before for before, _ in labelled),
        lost=sum(before - after for before, after in labelled),
    )
    return split | {"info": split["info"] | {"remade_labels": counts.model_dump()}, "annotations": annotations}, counts


def _is_learned(record: Json, poses: bool) -> bool:
    """Whether a training learns from a label."""
    return not record.get("iscrowd") and (not poses or _labelled(record) > 0)


def _labelled(record: Json) -> int:
    return sum(v > 0 for v in record.get("keypoints", [])[2::3])


def _fitting(record: Json, found: Json | None) -> Json:
    if found is None:
        return record | {"iscrowd": 1}
    return {key: value for key, value in record.items() if key not in _PLACES} | found


def _matched(
    annotations: Sequence[Json], predictions: Predictions, asked: Collection[int]
) -> Iterator[tuple[int, Json]]:
    """The new boxes and masks of those who are found, by the annotation's id."""
    groups: dict[tuple[int, int], list[Json]] = defaultdict(list)
    for record in annotations:
        if not record.get("iscrowd"):
            groups[record["image_id"], record["category_id"]].append(record)
    detections: dict[tuple[int, int], list[Json]] = defaultdict(list)
    for one in sorted(_detections(predictions), key=lambda one: -one["score"]):
        detections[one["image_id"], one["category_id"]].append(one)
    for group, found in detections.items():
        people = groups.get(group, [])
        if not any(person["id"] in asked for person in people):
            continue
        places = [[one["bbox"] for one in records] for records in (found, people)]
        overlaps = coco_mask.iou(*places, [0] * len(people))
        for detection, row in zip(found, overlaps, strict=True):
            best = int(row.argmax())
            if row[best] >= OVERLAP:
                overlaps[:, best] = 0  # one detection for everybody
                if people[best]["id"] in asked:
                    yield people[best]["id"], _instance(detection, "segmentation" in people[best])


def _detections(predictions: Predictions) -> Iterator[Json]:
    """The boxes of a score that counts, with their masks; without those that are not finite or whose mask is empty."""
    boxes: list[Box] = predictions["bbox"]
    masks: list[Rle | None] = [None] * len(boxes)
    if "segmentation" in predictions:  # one for every box, in the same order
        masks = [result["segmentation"] for result in predictions["segmentation"]]
    for box, mask in zip(boxes, masks, strict=True):
        is_whole = np.isfinite(box["bbox"]).all() and (mask is None or area_of(mask))
        if is_whole and box["score"] >= SURE:
            yield box | {"segmentation": mask}


def _instance(detection: Json, masked: bool) -> Json:
    _, _, w, h = detection["bbox"]
    mask = detection["segmentation"]
    if mask is None or not masked:
        return {"bbox": detection["bbox"], "area": w * h}
    return {"bbox": detection["bbox"], "area": area_of(mask), "segmentation": mask}


def _posed(poses: Sequence[Pose], asked: dict[int, Json]) -> Iterator[tuple[int, Json]]:
    """The new keypoints of those of whom some are found, by the annotation's id."""
    for pose in poses:
        person = asked.get(pose["annotation_id"])
        if person is None:
            continue
        found = np.reshape(pose["keypoints"], (-1, 3))
        flags = np.array(person["keypoints"][2::3], dtype=np.int64)
        visible = (flags > 0) & (found[:, 2] >= VISIBLE) & np.isfinite(found).all(axis=1)
        if visible.any():
            places = np.where(visible[:, None], np.column_stack([found[:, :2], flags]), 0)
            keypoints = [part for x, y, flag in places.tolist() for part in (x, y, int(flag))]
            yield person["id"], {
                "bbox": person["bbox"], "area": person["area"], "keypoints": keypoints,
                "num_keypoints": int(visible.sum()),
            }  # fmt: skip
