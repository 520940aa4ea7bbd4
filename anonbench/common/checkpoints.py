"""A training's state on disk: the last one saved, and the one before it should the last be damaged."""

from __future__ import annotations

import errno
import io
import logging
import os
import zipfile
from pathlib import Path
from typing import Any

import torch

from anonbench.common.faults import explained
from anonbench.common.files import write_bytes

log = logging.getLogger(__name__)


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain values, whole or not at all; the state that was there becomes the one before."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    if path.exists():
        os.replace(path, _before(path))
    write_bytes(path, buffer.getbuffer())


def load_state(path: Path, device: str | torch.device = "cpu") -> dict[str, Any] | None:
    """The last state that can be read, its tensors on ``device``; None where there is none.

    A damaged file is removed, with a warning. Nothing but tensors and plain values is unpickled.
    """
    for file in (path, _before(path)):
        try:
            return _read(file, device)
        except FileNotFoundError:
            continue
        except _Damaged as error:
            log.warning("The checkpoint %s is damaged (%s) and is not used.", file, error)
            file.unlink()
    return None


def forget_state(path: Path) -> None:
    """Remove what is kept."""
    path.unlink(missing_ok=True)
    _before(path).unlink(missing_ok=True)


def _before(path: Path) -> Path:
    return path.with_name(f"before-{path.name}")


class _Damaged(Exception):
    """The file does not hold what was saved."""


def _read(file: Path, device: str | torch.device) -> dict[str, Any]:
    try:
        data = io.BytesIO(file.read_bytes())
    except OSError as error:
        if error.errno == errno.EIO:
            raise _Damaged(error.strerror) from None
        raise
    try:
        # torch does not look at the checksums that it writes.
        wrong = zipfile.ZipFile(data).testzip()
        if wrong is None:
            data.seek(0)
            return torch.load(data, map_location=device, weights_only=True)
    except Exception as error:  # whatever a damaged archive or pickle leads to
        if explained(error):
            raise
        raise _Damaged(str(error).partition("\n")[0]) from None
    raise _Damaged(f"the checksum of {wrong} is wrong")
