"""Names of images from outside."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from anonbench.common.errors import UserError


def checked_name(file_name: Any, source: str) -> str:
    """An image's name as a relative POSIX path that stays inside its folder.

    Raises
    ------
    UserError
        If it is not text, is empty, absolute, or climbs out with ``..``.
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
    return str(path)
