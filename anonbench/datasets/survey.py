"""What a user's split says as a whole, before an image of it is written: how it was turned, whether it is plausible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from anonbench.common.errors import UserError
from anonbench.common.rle import compressed
from anonbench.config.types import Reading
from anonbench.datasets.extent import (
    Outline,
    Size,
    box_from,
    contradict,
    has_area,
    is_coordinate,
    is_visible,
    outline_of,
)
from anonbench.datasets.orientation import Oriented, readings
from anonbench.datasets.pictures import Stored, look
from anonbench.datasets.plausible import Places, check_plausible, past_edge
from anonbench.datasets.tables.coco_json import declared_size

# So many people whose box and mask are of different things are no slips: the file pairs the wrong ones.
_MANY, _SHARE = 3, 0.25

_Record = dict[str, Any]


def survey(
    images: list[_Record],
    paths: dict[int, Path],
    by_image: dict[int, list[_Record]],
    people: set[int],
    counts: Counter[str],
    *,
    where: str,
    orientation: Reading | None,
    checked: bool,
) -> dict[int, bool | None]:
    """Look at the files and annotations of a split as a whole.

    Parameters
    ----------
    images
        COCO's records of the images.
    paths
        The file of each by image id.
    by_image
        The annotations of each by image id; nothing in them has been checked.
    people
        The ids of categories that are people.
    counts
        Receives the number of boxes that reach past an edge of their image.
    where
        What messages call the annotations.
    orientation
        What the user says of images that cannot be told (:func:`anonbench.datasets.orientation.readings`).
    checked
        Whether the user says that boxes and masks are right on the images, however they look.

    Returns
    -------
    dict
        image id -> whether the image is turned by its EXIF orientation; None where it has none.

    Raises
    ------
    UserError
        If it cannot be told how images were annotated, or the annotations cannot be of the images.
    """
    files = {image["id"]: look(paths[image["id"]]) for image in images}
    oriented = [
        _oriented(image, files[image["id"]], by_image.get(image["id"], []))
        for image in images
        if files[image["id"]] is not None and files[image["id"]].orientation != 1
    ]
    found = readings(oriented, orientation, where)
    turns = {image["id"]: found[image["file_name"]] == "displayed" for image in images if image["file_name"] in found}
    sizes = {image["id"]: _size(image, files[image["id"]], turns.get(image["id"])) for image in images}
    placed = [(a, size) for key, size in sizes.items() if size for a in by_image.get(key, [])]
    if past := past_edge(_places("boxes", placed, _boxes)):
        counts["boxes_reaching_past_the_image"] = past
    if not checked:
        for kind, boxes_of in (("boxes", _boxes), ("masks", _polygons), ("keypoints", _joints)):
            check_plausible(_places(kind, placed, boxes_of), where)
        _check_agreement([(a, size) for a, size in placed if a["category_id"] in people], where)
    return {image["id"]: turns.get(image["id"]) for image in images}


def _oriented(image: _Record, file: Stored, annotations: list[_Record]) -> Oriented:
    boxes = [box for a in annotations for boxes_of in (_boxes, _polygons, _joints) for box in boxes_of(a)]
    masks = [a["segmentation"].get("size") for a in annotations if isinstance(a.get("segmentation"), dict)]
    sizes = [(size[1], size[0]) for size in masks if isinstance(size, list) and len(size) == 2]
    return Oriented(image["file_name"], file, declared_size(image), boxes, sizes)


def _size(image: _Record, file: Stored | None, turned: bool | None) -> Size | None:
    """The (width, height) px that annotations have to fit; None where it is unknown."""
    declared = declared_size(image)
    # What the file contradicts is told for each image when it is converted.
    if file is None or (declared is not None and declared not in (file.stored, file.displayed)):
        return declared
    return file.displayed if turned else file.stored


def _boxes(annotation: _Record) -> Iterator[list[float]]:
    box = box_from(annotation.get("bbox"))
    if box is not None and min(box[2:]) > 0:
        yield box


def _polygons(annotation: _Record) -> Iterator[list[float]]:
    if polygons := _sound_polygons(annotation.get("segmentation")):
        yield outline_of(polygons).box


def _joints(annotation: _Record) -> Iterator[list[float]]:
    flat = annotation.get("keypoints")
    if not isinstance(flat, list) or len(flat) % 3:
        return
    xs, ys = (
        [c for c, seen in zip(flat[axis::3], flat[2::3], strict=True) if seen in (1, 2) and is_coordinate(c)]
        for axis in (0, 1)
    )
    if xs and ys:
        yield [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def _sound_polygons(value: Any) -> list[list[float]]:
    return [
        polygon
        for polygon in (value if isinstance(value, list) else [])
        if isinstance(polygon, list)
        and len(polygon) >= 6
        and len(polygon) % 2 == 0
        and all(map(is_coordinate, polygon))
        and has_area(polygon)
    ]


def _places(
    kind: str, placed: Iterable[tuple[_Record, Size]], boxes_of: Callable[[_Record], Iterator[list[float]]]
) -> Places:
    rows = [(box, size) for annotation, size in placed for box in boxes_of(annotation)]
    boxes = np.array([box for box, _ in rows], np.float64).reshape(-1, 4)
    return Places(kind, boxes, np.array([size for _, size in rows], np.float64).reshape(-1, 2))


def _check_agreement(people: list[tuple[_Record, Size]], where: str) -> None:
    """Stop where many people's mask or keypoints are elsewhere than their box."""
    boxed = [(annotation, box, size) for annotation, size in people for box in _boxes(annotation)]
    boxed = [(annotation, box, size) for annotation, box, size in boxed if is_visible(box, size)]
    masks = [
        contradict(box, outline, size)
        for annotation, box, size in boxed
        if (outline := _outline(annotation.get("segmentation"), size))
    ]
    joints = [not _touch(box, extent) for annotation, box, _ in boxed for extent in _joints(annotation)]
    for kind, wrong in (("mask", masks), ("keypoints", joints)):
        if sum(wrong) >= max(_MANY, _SHARE * len(wrong)):
            raise UserError(
                f"{where}: of {len(wrong)} people with a box and {kind}, {sum(wrong)} have their {kind} elsewhere than"
                " the box" + (", or covering hardly any of it." if kind == "mask" else "."),
                "Correct the file, or, if they are right on the images, set the dataset's `checked` to true: of a box"
                " and a mask, both are then hidden.",
            )


def _touch(one: list[float], other: list[float]) -> bool:
    return all(one[i] <= other[i] + other[2 + i] and other[i] <= one[i] + one[2 + i] for i in (0, 1))


def _outline(segmentation: Any, size: Size) -> Outline | None:
    if isinstance(segmentation, dict):
        try:
            found = outline_of(compressed(segmentation, size))
        except ValueError:  # told when the annotation is converted
            return None
    else:
        polygons = _sound_polygons(segmentation)
        found = outline_of(polygons) if polygons else None
    return found if found and is_visible(found.box, size) else None
