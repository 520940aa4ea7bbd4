"""A file on its way: what of it is here, and which version of which address that is.

It lies beside its target under a hidden name. Snakemake removes the declared outputs of a failed job; this file and its
note are never declared, so they survive and a later run goes on.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from typing import Any

from anonbench.common.errors import UserError
from anonbench.common.files import write_json


class Part:
    """The partial file of a target, and the note of where its bytes are from."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f".{target.name}.part")
        self.note = target.with_name(f".{target.name}.part.json")
        self._stream: RawIOBase | None = None

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Open the file to append, while no other process writes it; an empty one is removed at the end.

        A job outlives a killed workflow, whose next run would write the same file.

        Raises
        ------
        UserError
            If another process is at it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: what a full disk refused is not written again when the file is closed.
        with open(self.path, "ab", buffering=0) as self._stream:
            try:
                fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(
                    f"Another process is writing {self.path}.", "Wait until it has ended, or end it, and run again."
                ) from None
            try:
                yield
            finally:
                if self.path.exists() and self.size == 0:
                    self.path.unlink()
                    self.note.unlink(missing_ok=True)

    @property
    def size(self) -> int:
        """Bytes that are here already."""
        return self.path.stat().st_size

    def origin(self) -> dict[str, Any]:
        """``url``, ``validator`` and ``total`` (bytes or None) of the file that the bytes are from; else nothing."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        known = isinstance(note, dict) and note.keys() == {"url", "validator", "total"} and self.size > 0
        return note if known else {}

    def begin(self, url: str, validator: str | None, total: int | None) -> None:
        """Forget the bytes, and note where the next ones are from."""
        self.forget()
        write_json(self.note, {"url": url, "validator": validator, "total": total})

    def forget(self) -> None:
        """Forget the bytes."""
        # The bytes first: a kill in between leaves no bytes under another file's note.
        self._stream.truncate(0)
        self.note.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> None:
        """Append bytes.

        Raises
        ------
        UserError
            If the disk refuses them.
        """
        try:
            _write_all(self._stream, chunk)
        except OSError as error:
            raise UserError(
                f"{self.path} cannot be written ({error.strerror}).",
                "Free some space; what is there is kept for the next run.",
            ) from None

    def complete(self, target: Path) -> None:
        """Give the file its final name; who finds it under that name finds all of it, even after a power cut."""
        os.fsync(self._stream.fileno())
        self.path.replace(target)
        self.note.unlink(missing_ok=True)


def _write_all(stream: RawIOBase, chunk: bytes) -> None:
    # An unbuffered stream may take a part only.
    rest = memoryview(chunk)
    while rest:
        rest = rest[stream.write(rest) :]
