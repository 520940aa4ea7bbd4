"""The images of a variant, each put together of its original and its edit when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_of
from anonbench.common.images import decode, read_verified
from anonbench.common.records import read_record
from anonbench.common.validation import Model
from anonbench.variants.edit_archive import EditArchive
from anonbench.variants.edits import put_back
from anonbench.variants.entry import Edit
from anonbench.variants.manifest import EDIT_FILES, EditFiles, Manifest


class VariantFiles(Model):
    """Where a variant's images are.

    Parameters
    ----------
    manifest
        The variant's, in its folder.
    originals
        The folder of the split's own images.
    """

    manifest: Path
    originals: Path


class _Image(NamedTuple):
    """One image: its original's digest, and its edit with the archive that holds it."""

    sha256: str
    edit: Edit | None
    archive: EditArchive | None


class VariantImages:
    """Reads a variant's images by their file names.

    An image that cannot be put together exactly as it was anonymized is an error, never shown as its original. Every
    read verifies the digests of both files. Nothing stays open, so that processes may share it.

    Parameters
    ----------
    files
        The variant's.

    Raises
    ------
    UserError
        If the manifest or an archive is missing or damaged, or an archive lacks an edit.
    """

    def __init__(self, files: VariantFiles) -> None:
        self.files = files
        listed = read_record(Manifest, files.manifest)
        edited = any(entry.edit for entry in listed.images)
        archives = edit_archives(files.manifest.parent) if edited else []
        holder = {name: archive for archive in archives for name in archive.names}
        self._images: dict[str, _Image] = {}
        self._left_out = {entry.file_name for entry in listed.images if entry.is_left_out}
        for entry in listed.images:
            if entry.is_left_out:
                continue
            archive = holder.get(entry.file_name) if entry.edit else None
            if entry.edit and archive is None:
                raise UserError(f"{files.manifest} lists an edit of {entry.file_name!r} that is nowhere.", self._again)
            self._images[entry.file_name] = _Image(entry.sha256, entry.edit, archive)

    @property
    def names(self) -> list[str]:
        """The file names of all images that the variant shows, in the split's order."""
        return list(self._images)

    def is_edited(self, file_name: str) -> bool:
        """Whether the variant changes that image, which it must show."""
        return self._images[file_name].edit is not None

    def read(self, file_name: str) -> np.ndarray:
        """One image, (height, width, 3) uint8 RGB.

        Raises
        ------
        UserError
            If the variant does not list it or leaves it out; if its original or its edit is missing, damaged, or not
            the listed one.
        """
        if file_name in self._left_out:
            raise UserError(
                f"{self.files.manifest} leaves out the image {file_name!r}, which nothing may show.",
                "Read only the images that the variant names.",
            )
        if file_name not in self._images:
            raise UserError(f"{self.files.manifest} does not list the image {file_name!r}.", self._again)
        sha256, edit, archive = self._images[file_name]
        path = self.files.originals / file_name
        image = decode(read_verified(path, sha256), str(path))
        if edit is not None:
            data = archive.read(file_name)
            if sha256_of(data) != edit.sha256:
                raise self._damaged(file_name, archive, "its SHA-256 differs")
            try:
                put_back(edit, data, image)
            except ValueError as error:
                raise self._damaged(file_name, archive, str(error)) from None
        return image

    def _damaged(self, file_name: str, archive: EditArchive, why: str) -> UserError:
        return UserError(f"The edit of {file_name!r} in {archive.path} is not the listed one: {why}.", self._again)

    @property
    def _again(self) -> str:
        return f"Delete the folder {self.files.manifest.parent} and run the workflow again."


def edit_archives(variant: Path) -> list[EditArchive]:
    """The archives of a variant's folder.

    Raises
    ------
    UserError
        If their list or one of them is missing or damaged.
    """
    path = variant / EDIT_FILES
    if not path.is_file():
        raise UserError(f"{path} is missing.", f"Delete the folder {variant} and run the workflow again.")
    return [EditArchive(variant / name) for name in read_record(EditFiles, path).archives]
