"""Outputs that appear whole or not at all, content hashes, and room on the disk."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from anonbench.common.errors import UserError
from anonbench.common.json_text import parse_json

# What to do about a damaged file that the workflow made.
MAKE_AGAIN = "Delete it and run the workflow again."


@contextmanager
def whole(path: Path | str) -> Iterator[BinaryIO]:
    """A binary file beside ``path`` that takes its name at the end of the block; parents are made.

    After a failure ``path`` is as it was, and nothing lies beside it; what a killed process left is overwritten.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.part")
    try:
        with naming(path), open(partial, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """Let an :class:`OSError` of the block name ``path``: one of writing to an open file names none."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def write_bytes(path: Path | str, data: bytes | memoryview) -> None:
    """Write ``data`` beside ``path``, then rename it into place; parents are made."""
    with whole(path) as out:
        out.write(data)


def write_text(path: Path | str, text: str) -> None:
    """As :func:`write_bytes`, for UTF-8 text."""
    write_bytes(path, text.encode())


def write_json(path: Path | str, value: Any) -> None:
    """As :func:`write_bytes`, for JSON: keys keep their order and non-finite numbers are refused."""
    write_text(path, json_text(value) + "\n")


def json_text(value: Any) -> str:
    """JSON without spaces and line ends; keys keep their order and non-finite numbers are refused."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def write_json_object(path: Path | str, value: dict[str, Any]) -> None:
    """As :func:`write_json`, for an object of which values may be a :class:`JsonList`."""
    with whole(path) as out:
        for number, (key, item) in enumerate(value.items()):
            out.write((b"," if number else b"{") + json_text(key).encode() + b":")
            if isinstance(item, JsonList):
                item.copy_to(out)
            else:
                out.write(json_text(item).encode())
        out.write(b"}\n")


class JsonList:
    """A list of JSON records on disk, for lists that are too large for memory: appended to one by one, then copied.

    Parameters
    ----------
    path
        The file to keep them in, which is removed at the end of the ``with`` block.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0

    def __enter__(self) -> JsonList:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(self._path, "w+b")
        return self

    def __exit__(self, *_: object) -> None:
        try:
            with naming(self._path):
                self._file.close()  # which fails again where the disk has refused what is left to write
        finally:
            self._path.unlink(missing_ok=True)

    def __len__(self) -> int:
        return self._count

    def append(self, value: Any) -> None:
        """Add one record."""
        with naming(self._path):
            self._file.write(b"," * bool(self._count) + json_text(value).encode())
        self._count += 1

    def copy_to(self, out: BinaryIO) -> None:
        """Write the whole list into a binary file."""
        self._file.seek(0)
        out.write(b"[")
        shutil.copyfileobj(self._file, out, 1 << 20)
        out.write(b"]")


def read_made(path: Path | str) -> Any:
    """Read a JSON file that the workflow has made.

    Raises
    ------
    UserError
        If the file is missing or damaged.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.", "Run the workflow again, which makes it.") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is damaged ({error}).", MAKE_AGAIN) from None


def read_json(path: Path | str) -> Any:
    """Read a user's JSON file, in any Unicode encoding.

    Raises
    ------
    UserError
        If the file is missing or is not JSON.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.", "Check the path in the configuration.") from None
    return parse_json(data, str(path))


def sha256_of(data: bytes) -> str:
    """The SHA-256 of ``data`` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path | str) -> str:
    """The SHA-256 of a file's content, read as a stream."""
    return digests_of_file(path, "sha256")["sha256"]


def digests_of_file(path: Path | str, *algorithms: str) -> dict[str, str]:
    """Digests of a file's content by name (``md5``, ``sha256``), in lower-case hexadecimal digits.

    The file is read once, as a stream.
    """
    hashes = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
    with open(path, "rb") as stream:
        while chunk := stream.read(1 << 20):
            for one in hashes.values():
                one.update(chunk)
    return {name: one.hexdigest() for name, one in hashes.items()}


def require_space(folder: Path | str, needed: int, purpose: str) -> None:
    """Stop early when the disk that holds ``folder`` has less than ``needed`` bytes free.

    Raises
    ------
    UserError
        With the figures in MB and what they are for.
    """
    existing = Path(folder).absolute()
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise UserError(
            f"{purpose} needs about {needed / 1e6:,.0f} MB in {folder}, but only {free / 1e6:,.0f} MB are free.",
            "Free some space or run the workflow on a larger disk.",
        )
