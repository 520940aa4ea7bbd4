"""JSON from outside: any Unicode encoding is read, and what is no JSON is told with its place and its likely cause."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from anonbench.common.errors import UserError
from anonbench.common.kinds import other_than_text

_AGAIN = "Export the file again, or copy it again and compare its size."
_MAX_SHOWN = 30  # characters of the text around a mistake


def parse_json(data: bytes, where: str) -> Any:
    """The value of a JSON file in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    Parameters
    ----------
    data
        The file's content.
    where
        What messages call the file.

    Raises
    ------
    UserError
        If it is not JSON, with line and column and, where it is known, the likely cause.
    """
    if kind := "empty" if not data.strip() else other_than_text(data):
        raise UserError(f"{where} is not valid JSON: it is {kind}.", "Name the JSON file itself.")
    encoding = json.detect_encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(data, error, where) from None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        cause, fix = _cause(text, error)
        place = f"line {error.lineno}, column {error.colno}"
        raise UserError(f"{where} is not valid JSON at {place}: {cause}.", fix) from None
    except RecursionError:
        raise UserError(f"{where} is not usable JSON: it is nested too deeply.", _AGAIN) from None
    except ValueError as error:  # a number of thousands of digits
        raise UserError(f"{where} is not usable JSON ({error}).", _AGAIN) from None


def storable(value: Any) -> Any:
    """A parsed value in a form that JSON can write: NaN and infinity become None, lone surrogates are escaped."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {storable(str(key)): storable(item) for key, item in value.items()}
    return [storable(item) for item in value] if isinstance(value, list | tuple) else value


def _undecodable(data: bytes, error: UnicodeDecodeError, where: str) -> UserError:
    if "unexpected end" in error.reason or "truncated" in error.reason:
        return UserError(f"{where} is not valid JSON: it is cut off in the middle of a character.", _AGAIN)
    before = data[: error.start].decode(error.encoding, "replace")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    start = max(data.rfind(b"\n", 0, error.start) + 1, error.start - _MAX_SHOWN // 2)
    near = data[start : error.start + _MAX_SHOWN // 2].split(b"\n")[0].decode("cp1252", "replace")
    return UserError(
        f"{where} is not valid JSON at line {line}, column {column}: the byte {data[error.start]:#04x} is not UTF-8; in"
        f" Latin-1 (Windows-1252) the text there reads {near!r}.",
        "Save the file as UTF-8.",
    )


def _cause(text: str, error: json.JSONDecodeError) -> tuple[str, str]:
    """What is wrong at the place of an error, and what to do about it."""
    here = text[error.pos :].lstrip()
    before = text[: error.pos].rstrip()
    if not here or error.msg.startswith("Unterminated string"):
        return "it is cut off", _AGAIN
    if before.endswith(",") and here[0] in "]},":
        follows = "another comma" if here[0] == "," else "the closing bracket"
        return f"a comma stands before {follows}", "Remove the comma."
    if error.msg == "Extra data":
        return "a second value begins there, as in JSON Lines", "Put everything into one object."
    if here[0] == "'":
        return "a text stands in single quotes, as Python prints it", "Write the file with json.dump."
    if literal := re.match(r"(None|True|False|undefined|nan|inf)\b", here):
        return f"{literal[0]} is not a value of JSON, but of Python or JavaScript", "Write the file with json.dump."
    if here.startswith(("//", "/*", "#")):
        return "a comment stands there, which JSON does not have", "Remove the comment."
    shown = here.splitlines()[0][:_MAX_SHOWN]
    return f"{error.msg[0].lower()}{error.msg[1:]} before {shown!r}", "Correct it there, or export the file again."
