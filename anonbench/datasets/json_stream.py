"""Reads the records of a JSON file one by one, since the largest annotation files would fill the memory as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from anonbench.common.errors import UserError


def records(stream: BinaryIO, key: str | None, where: str) -> Iterator[dict[str, Any]]:
    """Every object of a list.

    Parameters
    ----------
    stream
        The file, UTF-8.
    key
        The list's key in the file's outermost object; None where the file itself is the list.
    where
        What messages call the file.

    Raises
    ------
    UserError
        If the file is not JSON, or an element of the list is not an object. A list that does not exist is an empty one.
    """
    # Only a conversion needs it.
    import ijson

    try:
        # Integers stay integers; floats are those of Python's own parser.
        for record in ijson.items(stream, f"{key}.item" if key else "item", use_float=True):
            if not isinstance(record, dict):
                raise UserError(f"{where} has an entry that is not an object: {record!r:.80}.", "Download it again.")
            yield record
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise UserError(f"{where} is not valid JSON ({error}).", "Download it again.") from None
