"""Which files a dataset is read from: what the configuration says of each, and where it lies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from anonbench.common.errors import UserError, suggest
from anonbench.config.datasets import FileSource
from anonbench.datasets.format import Format
from anonbench.datasets.sources import RemoteFile

FETCHED = "resources/archives"
VERIFIED = "resources/verified"


def remote_files(format: Format) -> dict[str, RemoteFile]:
    """A dataset's files by role, with the configuration's values in place of the official ones.

    Raises
    ------
    UserError
        If the configuration names a role that the format does not have.
    """
    files = dict(format.FILES)
    for role, own in format.sources().items():
        if own.urls:
            files[role] = replace(files[role], urls=tuple(own.urls), login=None)
        if own.digest:
            files[role] = replace(files[role], digest=own.digest)
        if own.size:
            files[role] = replace(files[role], size=own.size, exact=True)
    return files


def locate(dataset: str, format: Format, role: str, archives: Iterable[str] = ()) -> Path:
    """Where a file lies, or will lie once it is fetched.

    The first of: the path that the configuration names; the fetched file; ``{dataset}/{file_name}`` or ``{file_name}``
    in one of the folders; and the place for the fetched file, which does not exist yet.

    Parameters
    ----------
    dataset
        The dataset's name in the configuration.
    format, role
        Its format, and a role of the format's ``FILES``.
    archives
        The folders that the key ``archives`` lists.
    """
    own = format.sources().get(role, FileSource())
    if own.path:
        return Path(own.path)
    name = format.FILES[role].file_name
    fetched = Path(FETCHED, dataset, name)
    local = (Path(folder, *below, name) for folder in archives for below in ((dataset,), ()))
    return next((path for path in (fetched, *local) if path.is_file()), fetched)


def role_of(format: Format, file_name: str) -> str:
    """The role of the file that has this official name.

    Raises
    ------
    UserError
        If the format has no such file.
    """
    roles = {file.file_name: role for role, file in format.FILES.items()}
    if file_name not in roles:
        raise UserError(f"{format.name} has no file {file_name}.", suggest(file_name, roles))
    return roles[file_name]


def record_of(dataset: str, file_name: str) -> Path:
    """Where what was found of a file when it was verified is kept."""
    return Path(VERIFIED, dataset, f"{file_name}.json")


def needed_roles(format: Format, splits: Iterable[str]) -> list[str]:
    """The roles of the files that some splits are read from, each once.

    Raises
    ------
    UserError
        If the dataset does not have one of the splits.
    """
    roles: dict[str, None] = {}
    for split in splits:
        format.require_split(split)
        roles |= dict.fromkeys(format.needs(split))
    return list(roles)
