"""An image that a command wrote, read without trusting it."""

from __future__ import annotations

import stat
from pathlib import Path, PurePosixPath

import numpy as np

from anonbench.common.errors import UserError
from anonbench.common.images import decode, read_header

# No encoded image is larger than this: bytes per pixel, and bytes besides.
_BYTES_PER_PIXEL, _BYTES = 8, 1_000_000


def read_output(folder: Path, name: str, shape: tuple[int, int]) -> np.ndarray | str:
    """The image of that name that a command wrote, (height, width, 3) uint8 RGB, or why it cannot be used.

    Reasons: ``output_missing``; ``output_unreadable`` (a link or not a plain file; not a whole JPEG or PNG, whatever
    its suffix; or far too large a file); ``output_wrong_shape``; ``output_not_rgb`` (not of 8 bits per channel, or
    transparent).

    Parameters
    ----------
    folder
        Where it wrote. No link in it is followed.
    name
        Relative, with ``/``.
    shape
        (height, width) px that the image must have; nothing larger is decoded.
    """
    path = Path(folder)
    parts = PurePosixPath(name).parts
    for number, part in enumerate(parts, start=1):
        path = path / part
        try:
            mode = path.lstat().st_mode
        except OSError:
            return "output_missing"
        if not (stat.S_ISREG(mode) if number == len(parts) else stat.S_ISDIR(mode)):
            return "output_unreadable"
    try:
        with open(path, "rb") as stream:
            limit = _BYTES_PER_PIXEL * shape[0] * shape[1] + _BYTES
            data = stream.read(limit + 1)
        if len(data) > limit:
            return "output_unreadable"
        header = read_header(data, name)
        if (header.height, header.width) != shape:
            return "output_wrong_shape"
        if header.bits != 8 or header.channels not in (1, 3):
            return "output_not_rgb"
        return decode(data, name)
    except (OSError, UserError):
        return "output_unreadable"
