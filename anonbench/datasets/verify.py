"""Checks that a dataset's file is the one that was published, and that an archive is whole and harmless."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from anonbench.datasets.archive import open_archive
from anonbench.datasets.sources import RemoteFile
from anonbench.errors import UserError
from anonbench.files import digest_file

log = logging.getLogger(__name__)

_AGAIN = "Remove it to download it again; if you trust this file, put its {} into the configuration."


def verify(path: Path, file: RemoteFile, *, called: str | None = None) -> dict[str, Any]:
    """Check a file's length and digest, and of a zip archive every member's name, kind and size.

    Parameters
    ----------
    path
        The file, fetched or the user's own.
    file
        What it must be. Where no digest is known, the actual SHA-256 is logged.
    called
        What messages call the file; its path unless given.

    Returns
    -------
    ``file_name``, ``size`` in bytes, and the ``digest`` that it has, as :class:`RemoteFile` writes it.

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
    if file.file_name.endswith(".zip"):
        with open_archive(path, called):
            pass
    size = path.stat().st_size
    if file.exact and size != file.size:
        raise UserError(
            f"{called} has the wrong length: {size:,} bytes instead of {file.size:,}.", _AGAIN.format("size")
        )
    algorithm, _, expected = (file.digest or "sha256:").partition(":")
    actual = digest_file(path, algorithm)
    name = {"md5": "MD5", "sha256": "SHA-256"}[algorithm]
    if expected and actual != expected:
        raise UserError(f"{called} has the wrong checksum: {name} {actual} instead of {expected}.", _AGAIN.format(name))
    if not expected:
        log.info("No digest of %s is published or configured; its SHA-256 is %s.", called, actual)
    return {"file_name": file.file_name, "size": size, "digest": f"{algorithm}:{actual}"}
