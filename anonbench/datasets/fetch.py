"""Fetches a dataset's file from the first mirror that gives the right bytes."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

from anonbench.common.download import DownloadError, Patience, download
from anonbench.common.errors import UserError
from anonbench.common.files import read_made, require_space, write_json
from anonbench.common.partial import Part
from anonbench.common.validation import Model, validated
from anonbench.datasets.sources import RemoteFile
from anonbench.datasets.verify import verify

log = logging.getLogger(__name__)

_PATIENCE = Patience()


class FirstDownload(Model):
    """The digest of a file's first download, and where and when (ISO 8601) it came from."""

    digest: str
    url: str
    date: str


def fetch(file: RemoteFile, target: Path, *, patience: Patience = _PATIENCE) -> None:
    """Download ``file`` to ``target`` with a progress bar; it appears whole and verified, or not at all.

    An interrupted download resumes (:mod:`anonbench.common.download`). Where no digest is published,
    ``{target}.digest.json`` keeps the first download's, and a later download that differs is accepted with a warning.

    Raises
    ------
    UserError
        If the file is behind a login, the disk is too small, another process is fetching it, or no mirror gives the
        right bytes.
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
        origin = part.origin()
        for url in sorted(file.urls, key=lambda url: origin is None or url != origin.url):
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
                refused.append(error.problem)
                log.warning("%s", refused[-1])
                continue
            if file.digest is None:
                _compare_with_the_first(f"sha256:{verified.sha256}", target, url)
            part.complete(target)
            return
        again = f"Run again to resume after the first {part.size / 1e6:,.1f} MB" if part.size else "Try again later"
    raise UserError(
        " ".join(refused),
        f"{again}, or download it by hand as {file.file_name} into a folder that the key `archives` lists.",
    )


def _compare_with_the_first(digest: str, target: Path, url: str) -> None:
    """Keep the first download's digest beside the target, and warn when a later one differs."""
    record = target.with_name(f"{target.name}.digest.json")
    if not record.exists():
        write_json(record, FirstDownload(digest=digest, url=url, date=date.today().isoformat()).model_dump())
        return
    first = validated(FirstDownload, read_made(record), str(record))
    if first.digest != digest:
        log.warning(
            "%s HAS CHANGED: it has %s, but the first download, of %s from %s, had %s. Results may not be comparable"
            " with earlier ones. Remove %s to accept the new file.",
            url, digest, first.date, first.url, first.digest, record,
        )  # fmt: skip
