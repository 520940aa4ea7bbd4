"""Reads JSON files in COCO's format, a user's own or a published one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from pathlib import Path
from typing import Any

from anonbench.common.errors import UserError
from anonbench.common.files import read_json

_MAX_LISTED = 5


def read_coco(path: Path) -> dict[str, Any]:
    """A COCO JSON whose three lists exist and hold objects.

    Raises
    ------
    UserError
        If the file is missing, is not JSON, or is not in COCO's format.
    """
    content = read_json(path)
    for key in ("images", "annotations", "categories"):
        records = content.get(key) if isinstance(content, dict) else None
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise UserError(
                f"{path} has no list `{key}` of objects.", "Name a file in COCO's format under `annotations`."
            )
    for key in ("images", "categories"):
        if not content[key]:
            raise UserError(
                f"{path} lists no {key}: the split is empty.", "Name a file with content under `annotations`."
            )
        _check_ids(content[key], key, path)
    return content


def own_ids(annotations: list[dict[str, Any]], path: Path) -> frozenset[int]:
    """The ids that a file gives to its annotations; none may occur twice, but some or all may be missing.

    0 counts as missing, since COCO's evaluation reads it as "not matched".

    Raises
    ------
    UserError
        Naming an id that occurs twice.
    """
    found = Counter(record["id"] for record in annotations if type(record.get("id")) is int and record["id"] != 0)
    if twice := sorted(value for value, count in found.items() if count > 1):
        raise UserError(
            f"{path} has annotation ids that occur twice: {_few(twice)}.",
            "Give every annotation its own id, or none at all.",
        )
    return frozenset(found)


def group_of(image: dict[str, Any], path: Path) -> dict[str, Any]:
    """What an image's record says of the images that are like it: its ``group``, else its ``video_id``, if any.

    Raises
    ------
    UserError
        Naming an image whose group is neither text nor a whole number.
    """
    key, group = next(((k, image[k]) for k in ("group", "video_id") if image.get(k) is not None), ("group", None))
    if group is None:
        return {}
    if type(group) not in (str, int):
        raise UserError(
            f"{path}: the `{key}` of the image {image.get('file_name')!r} is {group!r}.",
            "Write text or a whole number, the same for all images of one group.",
        )
    return {"group": group}


def _check_ids(records: list[dict[str, Any]], key: str, path: Path) -> None:
    by_id: dict[int, dict[str, Any]] = {}
    for record in records:
        value = record.get("id")
        if type(value) is not int:
            raise UserError(
                f"{path} has the id {value!r}, which is not a whole number, in `{key}`.",
                "Give every record its own whole number.",
            )
        if value in by_id:
            names = [one.get("file_name" if key == "images" else "name") for one in (by_id[value], record)]
            raise UserError(
                f"{path} has the id {value} twice in `{key}`: of {names[0]!r} and of {names[1]!r}.",
                "Give every record its own whole number, and the annotations the number of their record.",
            )
        by_id[value] = record


def _few(values: list[int]) -> str:
    return ", ".join(map(str, values[:_MAX_LISTED])) + (", …" if len(values) > _MAX_LISTED else "")


def declared_size(image: dict[str, Any]) -> tuple[int, int] | None:
    """The (width, height) px of an image's record; None where it has none, or the 0 that some exporters write."""
    size = (image.get("width"), image.get("height"))
    if not all(isinstance(value, int | float) and value > 0 and value == value // 1 for value in size):
        return None
    return int(size[0]), int(size[1])


def check_reference(annotation: dict[str, Any], key: str, known: Container[int], listed: str, where: str) -> None:
    """Stop for an annotation whose ``key`` is not among the ``known`` ids that the file lists under ``listed``."""
    value = annotation.get(key)
    if type(value) is not int or value not in known:
        raise UserError(
            f"{where} has the {key} {value!r}, which the file does not list under `{listed}`.",
            f"Add it to `{listed}`, or remove the annotation.",
        )
