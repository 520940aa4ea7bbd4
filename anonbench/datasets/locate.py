"""Which files a dataset is read from: what the configuration says of each, and where it lies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from anonbench.common.errors import UserError
from anonbench.datasets.registry import format_module
from anonbench.datasets.sources import RemoteFile

FETCHED = "resources/archives"
VERIFIED = "resources/verified"


def remote_files(spec: dict[str, Any]) -> dict[str, RemoteFile]:
    """A dataset's files by role, with the configuration's values in place of the official ones.

    Parameters
    ----------
    spec
        A dataset's specification. A format of one archive has the key ``sha256``; the others have ``files`` with
        ``urls``, ``digest`` and ``size`` by role. All may be absent.

    Raises
    ------
    UserError
        If ``files`` names a role that the format does not have.
    """
    files = dict(format_module(spec["format"]).FILES)
    for role, own in _own(spec).items():
        if role not in files:
            raise UserError(f"`files` names {role!r}, which {spec['format']} does not have.", _choose(files))
        if own.get("urls"):
            files[role] = replace(files[role], urls=tuple(own["urls"]), login=None)
        if own.get("digest"):
            files[role] = replace(files[role], digest=own["digest"])
        if own.get("size"):
            files[role] = replace(files[role], size=own["size"], exact=True)
    return files


def locate(dataset: str, spec: dict[str, Any], role: str, folders: Iterable[str] = ()) -> Path:
    """Where a file lies, or will lie once it is fetched.

    The first of: the path that the configuration names; the fetched file; ``{dataset}/{file_name}`` or ``{file_name}``
    in one of the folders; and the place for the fetched file, which is not there yet.

    Parameters
    ----------
    dataset
        The dataset's name in the configuration.
    spec, role
        Its specification, and a role of its format's ``FILES``.
    folders
        The folders under ``archives`` in the configuration.
    """
    own = _own(spec).get(role, {}).get("path")
    if own:
        return Path(own)
    name = format_module(spec["format"]).FILES[role].file_name
    fetched = Path(FETCHED, dataset, name)
    there = (Path(folder, *below, name) for folder in folders for below in ((dataset,), ()))
    return next((path for path in (fetched, *there) if path.is_file()), fetched)


def role_of(spec: dict[str, Any], file_name: str) -> str:
    """The role of the file that has this official name.

    Raises
    ------
    UserError
        If the format has no such file.
    """
    names = {file.file_name: role for role, file in format_module(spec["format"]).FILES.items()}
    if file_name not in names:
        raise UserError(f"{spec['format']} has no file {file_name}.", _choose(names))
    return names[file_name]


def record_of(dataset: str, file_name: str) -> Path:
    """Where it is kept what was found of a file when it was verified."""
    return Path(VERIFIED, dataset, f"{file_name}.json")


def needed_roles(spec: dict[str, Any], splits: Iterable[str]) -> list[str]:
    """The roles of the files that some splits are read from, each once."""
    module = format_module(spec["format"])
    return list(dict.fromkeys(role for split in splits for role in module.needs(spec, split)))


def _own(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What the configuration says of each file, by role: ``path``, ``urls``, ``digest``, ``size``."""
    if "files" in spec:
        return {role: dict(own) for role, own in spec["files"].items()}
    if not spec.get("archive") and not spec.get("sha256"):
        return {}
    digest = f"sha256:{spec['sha256']}" if spec.get("sha256") else None
    return {"archive": {"path": spec.get("archive"), "digest": digest}}


def _choose(known: Iterable[str]) -> str:
    return f"Choose from {', '.join(known) or 'none'}."
