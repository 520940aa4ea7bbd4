"""Fetches a dataset's archive from its official address and verifies archives by their SHA-256."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from anonbench.datasets.archive import open_archive
from anonbench.errors import UserError
from anonbench.files import require_space, sha256_file

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ArchiveSource:
    """Where an archive comes from.

    Parameters
    ----------
    url
        Its official address, http or https.
    file_name
        The name under which it is kept.
    sha256
        64 hexadecimal digits, or None where no trustworthy hash is known.
    size
        Approximate size in bytes, for the disk check.
    """

    url: str
    file_name: str
    sha256: str | None
    size: int


def archive_source(official: ArchiveSource | None, spec: dict[str, Any]) -> ArchiveSource | None:
    """The official source, with the specification's own ``sha256`` instead of the official one where it has one."""
    if official is None:
        return None
    return replace(official, sha256=spec.get("sha256") or official.sha256)


def fetch(source: ArchiveSource, target: Path) -> None:
    """Download ``source`` to ``target`` with a progress bar; the file appears there whole and verified, or not at all.

    Raises
    ------
    UserError
        If the disk is too small, the address cannot be reached, the hash differs, or the file is not a complete zip.
    """
    # Here because requests is slow to import and nearly every job that imports this module never downloads.
    import pooch
    import requests

    target = Path(target)
    require_space(target.parent, source.size, f"Downloading {source.file_name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    by_hand = f"Download {source.url} by hand and name the file under `archive` in the configuration."
    try:
        download = pooch.HTTPDownloader(progressbar=True, timeout=60)
        download(source.url, str(partial), None)
        verify_archive(partial, source.sha256, called=source.url)
        partial.replace(target)
    except (requests.exceptions.RequestException, ValueError) as error:
        raise UserError(f"{source.url} could not be downloaded ({error}).", by_hand) from None
    finally:
        partial.unlink(missing_ok=True)


def verify_archive(path: Path, sha256: str | None, *, called: str | None = None) -> str:
    """Check an archive's hash and that it is a complete, harmless zip; returns its SHA-256.

    Parameters
    ----------
    path
        The zip file.
    sha256
        The expected hash in hexadecimal digits; None logs a warning with the actual one, to be pinned by the user.
    called
        What messages call the file; its path unless given.

    Raises
    ------
    UserError
        If the file is missing, its hash differs, or it is truncated or hostile.
    """
    path = Path(path)
    called = called or str(path)
    # The zip's own directory first: "truncated" says more to a user than two different hashes.
    with open_archive(path, called):
        pass
    actual = sha256_file(path)
    if sha256 is not None and actual != sha256.lower():
        raise UserError(
            f"{called} has the wrong checksum: SHA-256 {actual} instead of {sha256.lower()}.",
            "Download it again; if you trust this file, set the dataset's `sha256` to the actual value.",
        )
    if sha256 is None:
        log.warning("%s is not verified: no hash is known. Its SHA-256 is %s; set `sha256` to pin it.", called, actual)
    return actual
