"""Fetches a dataset's file from the first mirror that gives the right bytes."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

from anonbench.common.download import DownloadError, Patience, download
from anonbench.common.errors import UserError
from anonbench.common.files import read_json, require_space, write_json
from anonbench.common.partial import Part
from anonbench.datasets.sources import RemoteFile
from anonbench.datasets.verify import verify

log = logging.getLogger(__name__)

_PATIENCE = Patience()


def fetch(file: RemoteFile, target: Path, *, patience: Patience = _PATIENCE) -> None:
    """Download ``file`` to ``target`` with a progress bar; it appears there whole and verified, or not at all.

    What an earlier attempt left beside the target is gone on with (:mod:`anonbench.common.download`). Where no digest
    is published, ``{target}.digest.json`` keeps the first download's, and a later download that differs is
    accepted with a warning.

    Raises
    ------
    UserError
        If the file is behind a login, the disk is too small, another process fetches it, or no mirror gives the right
        bytes.
    """
    target = Path(target)
    if not file.urls:
        raise UserError(
            f"{file.file_name} is behind a login. {file.login or ''}".rstrip(),
            "Put it into a folder that the key `archives` lists.",
        )
    part = Part(target)
    with part.opened():
        require_space(target.parent, file.size - part.size, f"Downloading {file.file_name}")
        refused = []
        # The mirror that the partial file is from comes first: another one would start over.
        begun = part.origin().get("url")
        for url in sorted(file.urls, key=lambda url: url != begun):
            try:
                download(url, part, name=file.file_name, size=file.size, exact=file.exact, patience=patience)
            except DownloadError as error:
                refused.append(f"{url} could not be downloaded ({error}).")
                log.warning("%s", refused[-1])
                continue
            try:
                verified = verify(part.path, file, called=url)
            except UserError as error:
                part.forget()
                refused.append(error.what)
                log.warning("%s", refused[-1])
                continue
            if file.digest is None:
                _compare_with_the_first(f"sha256:{verified['sha256']}", target, url)
            part.complete(target)
            return
        again = f"Run again to go on after the first {part.size / 1e6:,.1f} MB" if part.size else "Try again later"
    raise UserError(
        " ".join(refused),
        f"{again}, or download it by hand as {file.file_name} into a folder that the key `archives` lists.",
    )


def _compare_with_the_first(digest: str, target: Path, url: str) -> None:
    """Keep the first download's digest beside the target, and warn when a later one differs."""
    record = target.with_name(f"{target.name}.digest.json")
    if not record.exists():
        write_json(record, {"digest": digest, "url": url, "date": date.today().isoformat()})
        return
    first = read_json(record)
    if first["digest"] != digest:
        log.warning(
            "%s HAS CHANGED: it has %s, but the first download, of %s from %s, had %s. Results may not be comparable"
            " with earlier ones. Remove %s to accept the new file.",
            url, digest, first["date"], first["url"], first["digest"], record,
        )  # fmt: skip
