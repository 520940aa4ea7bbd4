"""Checks that a dataset's file is the one that was published, and that an archive is whole and harmless."""

from __future__ import annotations

import logging
from pathlib import Path

from anonbench.common.errors import UserError
from anonbench.common.files import digests_of_file
from anonbench.common.validation import Model
from anonbench.datasets.archive import open_archive
from anonbench.datasets.sources import RemoteFile
from anonbench.datasets.tarball import open_tarball

log = logging.getLogger(__name__)

_OPENING = {".zip": open_archive, ".tgz": open_tarball}
_AGAIN = "Remove it to download it again; if you trust this file, put its {} into the configuration."


class Verified(Model):
    """What is known of a verified file: its size in bytes, its time of change, and its digests in hexadecimal."""

    file_name: str
    size: int
    modified_ns: int
    md5: str
    sha256: str


def verify(path: Path, file: RemoteFile, *, called: str | None = None) -> Verified:
    """Check a file's length and digest, and of an archive every member's name, kind and size.

    Parameters
    ----------
    path
        The file, fetched or the user's own.
    file
        What it must be. Where no digest is known, the actual SHA-256 is logged.
    called
        What messages call the file; its path if None.

    Raises
    ------
    UserError
        If the file is missing, has another length or digest, or is a truncated or hostile archive.
    """
    path = Path(path)
    called = called or str(path)
    if not path.is_file():
        raise UserError(f"{called} does not exist.", "Check the path in the configuration.")
    # The archive's own directory first: "truncated" says more to a user than two different digests.
    opening = next((f for suffix, f in _OPENING.items() if file.file_name.endswith(suffix)), None)
    if opening:
        with opening(path, called):
            pass
    stat = path.stat()
    _compare_length(stat.st_size, file, called)
    known = Verified(
        file_name=file.file_name,
        size=stat.st_size,
        modified_ns=stat.st_mtime_ns,
        **digests_of_file(path, "md5", "sha256"),
    )
    _compare_digest(known, file, called)
    if file.digest is None:
        log.info("No digest of %s is published or configured; its SHA-256 is %s.", called, known.sha256)
    return known


def recall(known: Verified, path: Path, file: RemoteFile) -> None:
    """Compare what :func:`verify` found earlier with what the file must be by now, if it has not changed since.

    So a digest or size that the configuration gets later is checked at once, and the file is not read again.

    Raises
    ------
    UserError
        If they differ.
    """
    stat = path.stat()
    if (stat.st_size, stat.st_mtime_ns) == (known.size, known.modified_ns):
        _compare_length(known.size, file, str(path))
        _compare_digest(known, file, str(path))


def _compare_length(size: int, file: RemoteFile, called: str) -> None:
    if file.exact and size != file.size:
        raise UserError(
            f"{called} has the wrong length: {size:,} bytes instead of {file.size:,}.", _AGAIN.format("size")
        )


def _compare_digest(known: Verified, file: RemoteFile, called: str) -> None:
    algorithm, _, expected = (file.digest or "").partition(":")
    if expected and (found := getattr(known, algorithm)) != expected:
        name = {"md5": "MD5", "sha256": "SHA-256"}[algorithm]
        raise UserError(f"{called} has the wrong checksum: {name} {found} instead of {expected}.", _AGAIN.format(name))
