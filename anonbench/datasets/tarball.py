"""Reads members of a gzipped tar archive from outside without trusting it."""

from __future__ import annotations

import gzip
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from anonbench.common.errors import UserError
from anonbench.datasets.archive import AGAIN, MAX_BYTES, MAX_RATIO, MAX_READ, check_amount, check_name

_BLOCK = 1 << 20  # bytes


class Tarball:
    """The files of an open tar archive by name; nothing is ever extracted to a path that the archive chose."""

    def __init__(self, path: Path, opened: tarfile.TarFile, called: str) -> None:
        self.path = path
        self._tar = opened
        self._members = _checked_members(path, opened, called)

    def names(self) -> list[str]:
        """Names of all files, sorted, with POSIX separators."""
        return sorted(self._members)

    def size(self, name: str) -> int:
        """Size of a file in bytes."""
        return self._members[name].size

    def read(self, name: str) -> bytes:
        """The content of one file.

        Raises
        ------
        UserError
            If the file is larger than 1 GB.
        """
        if self.size(name) > MAX_READ:
            raise UserError(f"{self.path}: the member {name!r} is too large, {self.size(name) / 1e6:,.0f} MB.", AGAIN)
        return self._tar.extractfile(self._members[name]).read()


@contextmanager
def open_tarball(path: Path, called: str | None = None) -> Iterator[Tarball]:
    """Open a gzipped tar archive and check every member's name, kind and size before any is read.

    It is unpacked to one temporary file, by which its checksum is verified and members can be read in any order.
    Messages call the archive ``called``, or by its path.

    Raises
    ------
    UserError
        If the file is missing, truncated or not a gzipped tar archive; if a member has an absolute path, climbs out
        with ``..``, is neither a file nor a folder, or appears twice; if it would unpack to more than 50 GB or 100
        times its size.
    """
    path = Path(path)
    called = called or str(path)
    if not path.is_file():
        raise UserError(f"The archive {called} does not exist.", "Check the path in the configuration.")
    with tempfile.TemporaryFile(prefix="anonbench-") as plain:
        try:
            _unpack(path, plain, called)
            opened = tarfile.open(fileobj=plain, mode="r:")
            archive = Tarball(path, opened, called)
        except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise UserError(
                f"{called} is not a complete gzipped tar archive ({error}); it may be truncated.", AGAIN
            ) from None
        with opened:
            yield archive


def _unpack(path: Path, plain: BinaryIO, called: str) -> None:
    """Write the archive without its compression, up to one block beyond what its size allows."""
    limit = min(MAX_BYTES, MAX_RATIO * max(path.stat().st_size, 10_000))
    with gzip.open(path) as packed:
        while plain.tell() <= limit and (block := packed.read(_BLOCK)):
            plain.write(block)
    check_amount(0, plain.tell(), path, called)
    plain.seek(0)


def _checked_members(path: Path, opened: tarfile.TarFile, called: str) -> dict[str, tarfile.TarInfo]:
    infos = opened.getmembers()
    check_amount(len(infos), sum(info.size for info in infos), path, called)
    members: dict[str, tarfile.TarInfo] = {}
    for info in infos:
        check_name(info.name, called)
        if info.isdir():
            continue
        if not info.isreg():
            raise UserError(f"{called} has a member that is a link or device: {info.name!r}.", AGAIN)
        if info.name in members:
            raise UserError(f"{called} has the member {info.name!r} twice.", AGAIN)
        members[info.name] = info
    return members
