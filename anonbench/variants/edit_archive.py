"""A shard's edits in one file: few files are easier on a cluster's file system than one for every image.

It is a zip archive of uncompressed pictures, so that any tool opens it, and so that a reader needs one seek for each.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from anonbench.common.errors import UserError

ARCHIVE = "edits.zip"
"""The name of a shard's archive, beside the shard's manifest."""

_HEADER = 30  # bytes of a local file header before the name (APPNOTE.TXT, 4.3.7)


class EditWriter:
    """Appends edits to an archive under the names of their images."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def add(self, file_name: str, data: bytes) -> None:
        """Append one edit. The archive's bytes follow from names and edits alone: a ``ZipInfo`` has no time."""
        suffix = "png" if data.startswith(b"\x89PNG") else "webp"
        self._archive.writestr(zipfile.ZipInfo(f"{file_name}.{suffix}"), data)


@contextmanager
def edit_writer(path: Path) -> Iterator[EditWriter]:
    """Write a new archive, which is whole at the end of the block."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        yield EditWriter(archive)


class EditArchive:
    """An archive of edits, read in any order, by any number of processes.

    Parameters
    ----------
    path
        Its file. Only the list of what it holds is read; nothing stays open.

    Raises
    ------
    UserError
        If the file is missing or is not a whole archive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as archive:
                infos = archive.infolist()
        except (OSError, zipfile.BadZipFile) as error:
            raise UserError(f"The edits {path} cannot be read ({error}).", _again(path)) from None
        self._places = {
            info.filename.rpartition(".")[0]: (_HEADER + info.header_offset + len(_raw(info)), info.file_size)
            for info in infos
        }

    @property
    def names(self) -> set[str]:
        """The file names of the images whose edits it holds."""
        return set(self._places)

    def read(self, file_name: str) -> bytes:
        """The edit of that image, not verified.

        Raises
        ------
        UserError
            If there is none, or the file cannot be read.
        """
        if file_name not in self._places:
            raise UserError(f"The edits {self.path} lack that of {file_name!r}.", _again(self.path))
        start, size = self._places[file_name]
        try:
            with open(self.path, "rb", buffering=0) as file:
                return os.pread(file.fileno(), size, start)
        except OSError as error:
            raise UserError(f"The edits {self.path} cannot be read ({error}).", _again(self.path)) from None


def _raw(info: zipfile.ZipInfo) -> bytes:
    """The name as it stands in the archive."""
    try:
        return info.orig_filename.encode("ascii")
    except UnicodeEncodeError:
        return info.orig_filename.encode("utf-8")


def _again(path: Path) -> str:
    return f"Delete the folder {path.parent} and the variant's manifest, and run the workflow again."
