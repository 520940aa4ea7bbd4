"""Reads JSON files in COCO's format, a user's own or a published one."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import Any

from anonbench.common.errors import UserError
from anonbench.common.files import read_json


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
        ids = [record.get("id") for record in content[key]]
        wrong = [value for value in ids if type(value) is not int]
        if wrong or len(set(ids)) < len(ids):
            what = f"the id {wrong[0]!r}, which is not a whole number," if wrong else "an id twice"
            raise UserError(f"{path} has {what} in `{key}`.", "Give every record its own whole number.")
    return content


def declared_size(image: dict[str, Any]) -> tuple[int, int] | None:
    """The (width, height) px of an image's record; None where it has none, or the 0 that some exporters write."""
    size = (image.get("width"), image.get("height"))
    return size if all(type(value) is int and value > 0 for value in size) else None


def check_reference(annotation: dict[str, Any], key: str, known: Container[int], listed: str, where: str) -> None:
    """Stop for an annotation whose ``key`` is not among the ``known`` ids that the file lists under ``listed``."""
    value = annotation.get(key)
    if type(value) is not int or value not in known:
        raise UserError(
            f"{where} has the {key} {value!r}, which the file does not list under `{listed}`.",
            f"Add it to `{listed}`, or remove the annotation.",
        )
