"""Typed records that the workflow itself writes and reads again, as JSON files."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from anonbench.common.errors import UserError
from anonbench.common.files import read_made, write_json
from anonbench.common.validation import path_of

R = TypeVar("R", bound="Record")


class Record(BaseModel):
    """Base of such records: immutable, finite, and without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def write_record(path: Path | str, record: Record) -> None:
    """Write a record as JSON, whole or not at all; keys stand in the order of the record's fields."""
    write_json(path, record.model_dump(mode="json"))


def read_record(model: type[R], path: Path | str) -> R:
    """A record that :func:`write_record` wrote.

    Parameters
    ----------
    model
        The record's type.
    path
        The JSON file.

    Raises
    ------
    UserError
        If the file is missing, is not JSON, or does not hold such a record; with the key that is wrong.
    """
    try:
        return model.model_validate(read_made(path))
    except ValidationError as error:
        first = error.errors()[0]
        key = path_of(first["loc"])
        where = f"`{key}`: " if key else ""
        raise UserError(
            f"The file {path} is damaged: {where}{first['msg']}.", "Delete it and run the workflow again."
        ) from None
