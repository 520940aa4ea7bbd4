"""Checks one annotation from outside and converts it into the common form's COCO record."""

from __future__ import annotations

from collections import Counter
from typing import Any

from anonbench.common.errors import UserError
from anonbench.common.json_text import storable
from anonbench.common.rle import area_of, box_of, compressed, encode_polygons
from anonbench.datasets.extent import (
    MAX_COORDINATE,
    box_from,
    box_of_joints,
    contradict,
    has_area,
    is_coordinate,
    is_place,
    is_visible,
    outline_of,
)

_PASSED_ON = ("face_valid", "bbox_source", "attributes", "difficulty")
# Who somebody is, and which of their clothes they wear.
_NUMBERS = ("identity", "outfit")
_MAX_NUMBER = 2**53  # up to which a JSON number is exact everywhere
_CROWD = {"0": 0, "1": 1, "false": 0, "true": 1, "none": 0, "": 0}
_FIX = "Correct the annotation, or remove it from the file."


def clean(
    annotation: dict[str, Any],
    category: dict[str, Any],
    size: tuple[int, int],
    counts: Counter[str],
    *,
    where: str,
    keep: bool = False,
) -> dict[str, Any] | None:
    """The annotation as the common form's record, without ``id`` and ``image_id``, or None where it is left out.

    A box that has no extent (of a person without a mask: not more than a px) or lies wholly outside the image is none;
    it is taken from the mask, else from a person's keypoints (``bbox_source`` ``estimated``). What has no place at all
    is left out and counted. Of a person this means that somebody of unknown place is in the image, which the caller has
    to note. A person whose box and mask contradict each other is ``doubtful``.

    Parameters
    ----------
    annotation
        A COCO record: ``bbox`` xywh px, ``segmentation`` polygons or RLE, ``keypoints`` flat 3K, and so on.
        ``num_keypoints`` may be fewer than are labelled, where the dataset's evaluation counts only some of them.
    category
        Its category in the common form, with ``is_person`` and, for poses, the names under ``keypoints``.
    size
        (width, height) of the written image in px.
    counts
        Increased under the name of everything that was left out or corrected.
    where
        What messages call the annotation.
    keep
        Whether a box stays as it is, without extent or outside the image, because the annotation's place in the list
        counts.

    Raises
    ------
    UserError
        If a mask or keypoints do not fit the image or category, a number is not finite, or ``identity`` or ``outfit``
        is no whole number from 0.
    """
    segmentation = _segmentation(annotation.get("segmentation"), size, counts, where)
    keypoints = _keypoints(annotation, category, counts, where)
    box = box_from(annotation.get("bbox"))
    # Of a person who has no mask either, a box of a single px is a point, as point annotations are exported.
    is_point = box is not None and category["is_person"] and segmentation is None and max(box[2:]) <= 1
    stated = box is not None and (keep or (is_place(box, size) and not is_point))
    derived: dict[str, Any] = {}
    if not stated:
        box, derived = _derived_box(segmentation, keypoints, category, size, box, counts)
        if box is None:
            return None
    elif min(box[2:]) <= 0:
        counts["people_with_empty_box"] += category["is_person"]
    record = {"category_id": category["id"], "bbox": box}
    record["area"] = _area(annotation, segmentation, box, size, counts)
    record["iscrowd"] = crowd_flag(annotation.get("iscrowd"), where)
    if segmentation is not None:
        record["segmentation"] = segmentation
        if stated and category["is_person"] and contradict(box, outline_of(segmentation), size):
            derived["doubtful"] = True
            counts["people_whose_box_and_mask_contradict_each_other"] += 1
    record |= keypoints
    if annotation.get("face_box") is not None:
        record["face_box"] = _numbers(annotation["face_box"], "face_box", where)
        if len(record["face_box"]) != 4:
            raise UserError(f"{where} has a `face_box` that is not [x, y, width, height].", _FIX)
    for key in _PASSED_ON:
        if annotation.get(key) is not None:
            record[key] = storable(annotation[key])
    for key in _NUMBERS:
        if (number := _number(annotation.get(key), key, where)) is not None:
            record[key] = number
    return record | derived


def _number(value: Any, key: str, where: str) -> int | None:
    """A whole number of a record; None where it has none, or the NaN that tables have in its place."""
    if value is None or value != value:
        return None
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
    if not whole or not 0 <= value < _MAX_NUMBER:
        raise UserError(f"{where} has the `{key}` {value!r:.100}.", "Write a whole number from 0, or leave it out.")
    return int(value)


def crowd_flag(value: Any, where: str) -> int:
    """COCO's ``iscrowd`` as 0 or 1; it may be a number, true or false, or any of these as text.

    Raises
    ------
    UserError
        If it is anything else.
    """
    text = str(value).strip().lower() if isinstance(value, str | bool | None) else value
    if isinstance(text, int | float) and text in (0, 1):
        return int(text)
    if isinstance(text, str) and text in _CROWD:
        return _CROWD[text]
    raise UserError(f"{where} has an `iscrowd` of {value!r}.", "Write 0 or 1.")


def _derived_box(
    segmentation: list[list[float]] | dict[str, Any] | None,
    keypoints: dict[str, Any],
    category: dict[str, Any],
    size: tuple[int, int],
    box: list[float] | None,
    counts: Counter[str],
) -> tuple[list[float] | None, dict[str, Any]]:
    """The box that mask or keypoints give and what the record says of it, or None where there is neither."""
    if segmentation is not None:
        found = box_of(_encoded(segmentation, size))
        if is_place(found, size):
            counts["boxes_taken_from_masks"] += 1
            return found, {}
    if keypoints:
        found = box_of_joints(keypoints["keypoints"], category["keypoints"], size)
        if found is not None:
            counts["boxes_taken_from_keypoints"] += 1
            return found, {"bbox_source": "estimated"}
    if category["is_person"]:
        counts["people_not_located"] += 1
    elif box is not None and min(box[2:]) > 0:
        counts["annotations_left_out_outside_the_image"] += 1
    else:
        counts["annotations_left_out_without_box"] += 1
    return None, {}


def _numbers(values: Any, key: str, where: str) -> list[float]:
    if not isinstance(values, list | tuple) or not all(is_coordinate(value) for value in values):
        raise UserError(f"{where} has a `{key}` that is not a list of finite numbers.", _FIX)
    return list(values)


def _segmentation(
    value: Any, size: tuple[int, int], counts: Counter[str], where: str
) -> list[list[float]] | dict[str, Any] | None:
    if not value:
        return None
    if isinstance(value, dict):
        return _rle(value, size, counts, where)
    if not isinstance(value, list):
        raise UserError(f"{where} has a `segmentation` that is neither polygons nor RLE.", _FIX)
    polygons = []
    for polygon in value:
        points = _numbers(polygon, "segmentation", where)
        if len(points) % 2:
            raise UserError(f"{where} has a polygon with an odd number of coordinates.", _FIX)
        # Fewer than three points enclose nothing, and pycocotools would take four numbers for a box.
        if len(points) < 6:
            counts["polygons_left_out_too_short"] += 1
        elif not has_area(points):
            counts["polygons_left_out_without_area"] += 1
        elif not is_visible(outline_of([points]).box, size):
            counts["polygons_left_out_outside_the_image"] += 1
        else:
            polygons.append(points)
    return polygons or None


def _rle(value: dict[str, Any], size: tuple[int, int], counts: Counter[str], where: str) -> dict[str, Any] | None:
    if value.get("counts") in ([], ""):
        encoded = None
    else:
        try:
            encoded = compressed(value, size)
        except ValueError as error:
            raise UserError(f"{where}: {error}.", _FIX) from None
    if encoded is None or area_of(encoded) == 0:
        counts["masks_left_out_empty"] += 1
        return None
    return encoded


def _encoded(segmentation: list[list[float]] | dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    if isinstance(segmentation, dict):
        return segmentation
    # Far-off vertices would make pycocotools allocate in proportion to them.
    limits = [4 * side for side in size]
    near = [[min(max(p, -limits[i % 2]), limits[i % 2]) for i, p in enumerate(polygon)] for polygon in segmentation]
    return encode_polygons(near, size)


def _area(
    annotation: dict[str, Any],
    segmentation: list[list[float]] | dict[str, Any] | None,
    box: list[float],
    size: tuple[int, int],
    counts: Counter[str],
) -> float:
    stated = annotation.get("area")
    is_number = isinstance(stated, int | float) and not isinstance(stated, bool)
    if is_number and 0 < stated <= MAX_COORDINATE**2:
        return stated
    covered = 0.0 if segmentation is None else float(area_of(_encoded(segmentation, size)))
    covered = covered or float(max(box[2], 0) * max(box[3], 0))
    if covered == 0:
        return stated if is_number and stated == 0 else 0.0
    if "area" in annotation:
        counts["areas_taken_from_masks_or_boxes"] += 1
    return covered


def _keypoints(
    annotation: dict[str, Any], category: dict[str, Any], counts: Counter[str], where: str
) -> dict[str, Any]:
    value = annotation.get("keypoints")
    if not value:
        return {}
    names = category.get("keypoints")
    if not names:
        counts["keypoints_left_out_without_names"] += 1
        return {}
    if not isinstance(value, list | tuple) or len(value) != 3 * len(names):
        raise UserError(
            f"{where} needs {3 * len(names)} `keypoints` numbers for the {len(names)} names of its category"
            f" {category['name']!r}, but has {len(value) if isinstance(value, list | tuple) else value!r}.",
            _FIX,
        )
    flat: list[float] = []
    for x, y, visibility in zip(value[0::3], value[1::3], value[2::3], strict=True):
        if visibility not in (0, 1, 2):
            raise UserError(f"{where} has a keypoint visibility of {visibility!r}.", "Use COCO's 0, 1 or 2.")
        # An unlabelled keypoint's coordinates mean nothing, and some tools write null or NaN.
        flat += [*_numbers([x, y], "keypoints", where), int(visibility)] if visibility else [0, 0, 0]
    labelled = sum(1 for visibility in flat[2::3] if visibility)
    stated = annotation.get("num_keypoints")
    if stated is None or (type(stated) is int and 0 <= stated <= labelled):
        return {"keypoints": flat, "num_keypoints": labelled if stated is None else stated}
    counts["num_keypoints_corrected"] += 1
    return {"keypoints": flat, "num_keypoints": labelled}
