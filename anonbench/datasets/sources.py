"""What a dataset's files are called, where they come from, and what they must contain."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RemoteFile:
    """One file that a dataset's publisher offers.

    Parameters
    ----------
    file_name
        The name under which it is kept, the official one. Names are unique among a dataset's files.
    urls
        Mirrors, http or https, in the order in which they are tried; empty if a login is needed.
    size
        Its size in bytes: exactly, or about, as ``exact`` says. An exact size is verified; the other one serves the
        disk check, and a download of more than twice as much is refused.
    digest
        ``md5:`` and 32, or ``sha256:`` and 64 lower-case hexadecimal digits; None if none is published.
    login
        For a file behind a login, a sentence that says what to download from where.
    exact
        Whether ``size`` is the published size.
    """

    file_name: str
    urls: tuple[str, ...]
    size: int
    digest: str | None
    login: str | None = None
    exact: bool = False
