"""Checks one annotation from outside and converts it into the common form's COCO record."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from anonbench.common.errors import UserError
from anonbench.common.rle import area_of, box_of, compressed, encode_polygons

# Beyond any image: such a number is damage, and its square would overflow what evaluates it.
_MAX_COORDINATE = 1e7
_PASSED_ON = ("face_valid", "bbox_source", "identity", "attributes", "difficulty")
_FIX = "Correct the annotation, or remove it from the file."


def clean(
    annotation: dict[str, Any], category: dict[str, Any], size: tuple[int, int], counts: Counter[str], *, where: str
) -> dict[str, Any] | None:
    """The annotation as the common form's record, without ``id`` and ``image_id``, or None where it is left out.

    Nobody is left out: a person's box is kept even when it is empty or outside the image, since the regions made from
    it fail closed, and where it is missing or not a number it is taken from the mask. Other objects without a usable
    box are left out and counted.

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

    Raises
    ------
    UserError
        If a mask or keypoints do not fit the image or category, a number is not finite, or nothing says where a
        person is.
    """
    record: dict[str, Any] = {"category_id": category["id"]}
    segmentation = _segmentation(annotation.get("segmentation"), size, counts, where)
    box = _box(annotation.get("bbox"))
    if box is None and segmentation is not None:
        box = box_of(_encoded(segmentation, size))
        counts["boxes_taken_from_masks"] += 1
    if not category["is_person"] and (box is None or min(box[2:]) <= 0):
        counts["annotations_left_out_without_box"] += 1
        return None
    if box is None:
        raise UserError(
            f"{where} is a person without a usable `bbox` ({annotation.get('bbox')!r}), who could not be anonymized.",
            _FIX,
        )
    if min(box[2:]) <= 0:
        counts["people_with_empty_box"] += 1
    record["bbox"] = box
    record["area"] = _area(annotation.get("area"), segmentation, box, size)
    record["iscrowd"] = int(bool(annotation.get("iscrowd", 0)))
    if segmentation is not None:
        record["segmentation"] = segmentation
    record |= _keypoints(annotation, category, counts, where)
    if annotation.get("face_box") is not None:
        record["face_box"] = _numbers(annotation["face_box"], "face_box", where)
        if len(record["face_box"]) != 4:
            raise UserError(f"{where} has a `face_box` that is not [x, y, width, height].", _FIX)
    for key in _PASSED_ON:
        if annotation.get(key) is not None:
            record[key] = annotation[key]
    return record


def _numbers(values: Any, key: str, where: str) -> list[float]:
    if not isinstance(values, list | tuple) or not all(_is_coordinate(value) for value in values):
        raise UserError(f"{where} has a `{key}` that is not a list of finite numbers.", _FIX)
    return list(values)


def _is_coordinate(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and abs(value) <= _MAX_COORDINATE
    )


def _box(values: Any) -> list[float] | None:
    if not isinstance(values, list | tuple) or len(values) != 4 or not all(_is_coordinate(value) for value in values):
        return None
    return list(values)


def _segmentation(
    value: Any, size: tuple[int, int], counts: Counter[str], where: str
) -> list[list[float]] | dict[str, Any] | None:
    if not value:
        return None
    if isinstance(value, dict):
        try:
            return compressed(value, size)
        except ValueError as error:
            raise UserError(f"{where}: {error}.", _FIX) from None
    if not isinstance(value, list):
        raise UserError(f"{where} has a `segmentation` that is neither polygons nor RLE.", _FIX)
    polygons = []
    for polygon in value:
        points = _numbers(polygon, "segmentation", where)
        if len(points) % 2:
            raise UserError(f"{where} has a polygon with an odd number of coordinates.", _FIX)
        # Fewer than three points enclose nothing, and pycocotools would take four numbers for a box.
        if len(points) >= 6:
            polygons.append(points)
        else:
            counts["polygons_left_out_too_short"] += 1
    return polygons or None


def _encoded(segmentation: list[list[float]] | dict[str, Any], size: tuple[int, int]) -> dict[str, Any]:
    return segmentation if isinstance(segmentation, dict) else encode_polygons(segmentation, size)


def _area(
    stated: Any, segmentation: list[list[float]] | dict[str, Any] | None, box: list[float], size: tuple[int, int]
) -> float:
    if isinstance(stated, int | float) and math.isfinite(stated) and 0 <= stated <= _MAX_COORDINATE**2:
        return stated
    if segmentation is not None:
        return float(area_of(_encoded(segmentation, size)))
    return float(max(box[2], 0) * max(box[3], 0))


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
