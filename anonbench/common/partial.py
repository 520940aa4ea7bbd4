"""A partial download: the bytes that have arrived, and which version of which address they are from.

It lies beside its target under a hidden name. Snakemake removes the declared outputs of a failed job; this file and its
note are never declared, so they survive and a later run resumes.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path

from pydantic import ValidationError

from anonbench.common.errors import UserError
from anonbench.common.files import write_json
from anonbench.common.validation import Model


class Origin(Model):
    """Where bytes are from: the address, what names the file's version there, and its length in bytes, if known."""

    url: str
    validator: str | None
    total: int | None


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
            If another process is writing it.
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
        """The number of bytes that have arrived."""
        return self.path.stat().st_size

    def origin(self) -> Origin | None:
        """Where the bytes are from; None if there are none or the note is lost."""
        try:
            note = Origin.model_validate_json(self.note.read_bytes())
        except (OSError, ValidationError):
            return None
        return note if self.size > 0 else None

    def begin(self, origin: Origin) -> None:
        """Forget the bytes, and note where the next ones will be from."""
        self.forget()
        write_json(self.note, origin.model_dump())

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
            write_all(self._stream, chunk)
        except OSError as error:
            raise UserError(
                f"{self.path} cannot be written ({error.strerror}).",
                "Free some space; what has arrived is kept for the next run.",
            ) from None

    def complete(self, target: Path) -> None:
        """Give the file its final name; under that name it is whole, even after a power cut."""
        os.fsync(self._stream.fileno())
        self.path.replace(target)
        self.note.unlink(missing_ok=True)


def write_all(stream: RawIOBase, chunk: bytes) -> None:
    """Write all of ``chunk``; an unbuffered stream may take only a part at a time."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[stream.write(rest) :]
