"""Reads members of a zip archive from outside without trusting it."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from anonbench.common.errors import UserError

# The largest archives of photographs are BDD100K's and COCO's: 100,000 members, and 118,287 members of 19.3 GB in all.
MAX_MEMBERS = 500_000
MAX_BYTES = 50_000_000_000
# Of what is read into memory at once; COCO's largest file of annotations has 0.5 GB.
MAX_READ = 1_000_000_000
# A deflated photograph hardly shrinks and a matrix of doubles shrinks some tenfold; bombs start in the hundreds.
MAX_RATIO = 100
AGAIN = "Download the archive again from its official address, or correct its path in the configuration."


class Archive:
    """The files of an open zip archive by name; nothing is ever extracted to a path that the archive chose."""

    def __init__(self, path: Path, opened: zipfile.ZipFile, called: str) -> None:
        self.path = path
        self._zip = opened
        self._members = _checked_members(path, opened, called)

    def names(self) -> list[str]:
        """Names of all files, sorted, with POSIX separators."""
        return sorted(self._members)

    def size(self, name: str) -> int:
        """Uncompressed size of a file in bytes."""
        return self._members[name].file_size

    def read(self, name: str) -> bytes:
        """The content of one file, its checksum verified.

        Raises
        ------
        UserError
            If that part of the archive is corrupt, or the file is larger than 1 GB.
        """
        if self.size(name) > MAX_READ:
            raise UserError(f"{self.path}: the member {name!r} is too large, {self.size(name) / 1e6:,.0f} MB.", AGAIN)
        try:
            return self._zip.read(self._members[name])
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise UserError(f"{self.path} is corrupt at its member {name!r} ({error}).", AGAIN) from None

    @contextmanager
    def stream(self, name: str) -> Iterator[BinaryIO]:
        """The content of one file as a stream, for files that are too large for memory.

        Its checksum is verified when its end is read.

        Raises
        ------
        UserError
            If that part of the archive is corrupt.
        """
        try:
            with self._zip.open(self._members[name]) as stream:
                yield stream
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise UserError(f"{self.path} is corrupt at its member {name!r} ({error}).", AGAIN) from None


@contextmanager
def open_archive(path: Path, called: str | None = None) -> Iterator[Archive]:
    """Open a zip archive and check every member's name, kind and size before any is read.

    Messages call the file ``called``, or by its path.

    Raises
    ------
    UserError
        If the file is missing, truncated or not a zip archive; if a member has an absolute path, climbs out with
        ``..``, is a link or encrypted, or appears twice; if it would unpack to more than 50 GB or 100 times its size.
    """
    path = Path(path)
    called = called or str(path)
    if not path.is_file():
        raise UserError(f"The archive {called} does not exist.", "Check the path in the configuration.")
    try:
        opened = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, UnicodeDecodeError) as error:
        raise UserError(f"{called} is not a complete zip archive ({error}); it may be truncated.", AGAIN) from None
    with opened:
        yield Archive(path, opened, called)


def check_amount(members: int, total: int, path: Path, called: str) -> None:
    """Stop for an archive of far more members, or bytes in all, than any dataset's, or than its size allows."""
    if members > MAX_MEMBERS or total > MAX_BYTES or total > MAX_RATIO * max(path.stat().st_size, 10_000):
        raise UserError(
            f"{called} claims {members:,} members of {total / 1e6:,.0f} MB in all, far more than its size allows.",
            AGAIN,
        )


def check_name(name: str, called: str) -> None:
    """Stop for a member that is absolute or climbs out of the archive."""
    parts = re.split(r"[/\\]", name)
    if parts[0] == "" or ".." in parts or re.match(r"[A-Za-z]:", name) or "\0" in name:
        raise UserError(f"{called} has a member that climbs out of the archive: {name!r}.", AGAIN)


def _checked_members(path: Path, opened: zipfile.ZipFile, called: str) -> dict[str, zipfile.ZipInfo]:
    infos = opened.infolist()
    check_amount(len(infos), sum(info.file_size for info in infos), path, called)
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        # ZipInfo.filename is cut at a NUL byte; orig_filename is what the archive really says.
        check_name(info.orig_filename, called)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise UserError(f"{called} has a member that is a link or device: {info.filename!r}.", AGAIN)
        if info.is_dir():
            continue
        if info.flag_bits & 0x1:
            raise UserError(f"{called} has an encrypted member: {info.filename!r}.", AGAIN)
        if info.filename in members:
            raise UserError(f"{called} has the member {info.filename!r} twice.", AGAIN)
        members[info.filename] = info
    return members
