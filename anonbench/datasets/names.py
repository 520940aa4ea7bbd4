"""Names of images from outside, and the names under which the common form keeps them."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath
from typing import Any

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_of

# A file system's limit is 255 bytes; what is made from an image adds suffixes of its own, `.part` among them.
MAX_BYTES = 200


def checked_name(file_name: Any, source: str) -> str:
    """An image's name as a relative POSIX path that stays inside its folder.

    Raises
    ------
    UserError
        If it is not text, is empty, absolute, climbs out with ``..``, or cannot be the name of a file.
    """
    if not isinstance(file_name, str) or not file_name.strip() or "\0" in file_name:
        raise UserError(
            f"{source} has an image whose file_name is {file_name!r}.", "Give it the image's relative path."
        )
    path = PurePosixPath(file_name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or path.parts[:1] == () or path.parts[0][1:2] == ":":
        raise UserError(
            f"{source} has an image whose file_name climbs out of its folder: {file_name!r}.",
            "Use a path relative to the folder of images.",
        )
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        raise UserError(
            f"{source} has an image whose file_name has characters of no file system: {file_name!r}.",
            "Rename the image.",
        ) from None
    return str(path)


def kept_name(name: str) -> tuple[str, list[str]]:
    """The name under which an image is kept, and what was done to it: ``escaped``, ``shortened``.

    Bytes that are not UTF-8, which Python reads as lone surrogates, become ``%`` and two hexadecimal digits. A last
    part of more than :data:`MAX_BYTES` bytes loses its middle to eight digits of its SHA-256.
    """
    changes = []
    kept = re.sub("[\udc80-\udcff]", lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", name)
    if kept != name:
        changes.append("escaped")
    path = PurePosixPath(kept)
    if len(path.name.encode()) > MAX_BYTES:
        tail = f"-{sha256_of(os.fsencode(name))[:8]}{path.suffix}"
        head = path.name.encode()[: MAX_BYTES - len(tail.encode())].decode(errors="ignore")
        kept = str(path.with_name(head + tail))
        changes.append("shortened")
    return kept, changes


def shown(text: object) -> str:
    """A path as messages and logs can write it."""
    return str(text).encode("utf-8", "backslashreplace").decode()
