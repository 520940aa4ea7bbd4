"""Finds a published archive's members by the paths that its publisher documents, below whatever other folders."""

from __future__ import annotations

from anonbench.common.errors import UserError
from anonbench.datasets.archive import Archive

_FIX = "Name the official archive, or one in its layout."
# Repacking on a Mac doubles every file here.
_FOREIGN = "__MACOSX"


def under(archive: Archive, folder: str) -> dict[str, str]:
    """The files below ``folder`` (with a final slash), which may itself lie below others.

    Returns
    -------
    dict
        path relative to ``folder`` -> name of the member, sorted.

    Raises
    ------
    UserError
        If the archive does not have exactly one such folder.
    """
    roots: set[str] = set()
    found: dict[str, str] = {}
    for name in archive.names():
        start = f"/{name}".find(f"/{folder}")
        if start >= 0 and not name.startswith(_FOREIGN):
            roots.add(name[:start])
            found[name[start + len(folder) :]] = name
    if len(roots) != 1:
        what = "no folder" if not roots else "more than one folder"
        raise UserError(f"{archive.path} has {what} {folder}.", _FIX)
    return found


def only(archive: Archive, path: str) -> str:
    """The name of the one member whose path is ``path``, or ends with it below other folders.

    Raises
    ------
    UserError
        If the archive does not have exactly one such file.
    """
    found = [n for n in archive.names() if f"/{n}".endswith(f"/{path}") and not n.startswith(_FOREIGN)]
    if len(found) != 1:
        raise UserError(f"{archive.path} has {'no' if not found else 'more than one'} file {path}.", _FIX)
    return found[0]


def require(members: dict[str, str], name: str, archive: object, wanted_by: object) -> str:
    """The member of a file that something else lists.

    Raises
    ------
    UserError
        If the archive does not have it.
    """
    if name not in members:
        raise UserError(f"{archive} lacks {name}, which {wanted_by} lists.", "Download the archive again.")
    return members[name]
