"""A folder or file that appears as a whole or not at all, and links into another folder."""

from __future__ import annotations

import glob
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """An empty folder beside ``folder``, filled in the block; it replaces ``folder`` if the block succeeds.

    After a failure ``folder`` is as it was.
    """
    with workplace(folder) as partial:
        yield partial
        if folder.is_dir() and not folder.is_symlink():
            # A folder that holds files cannot be overwritten, so the old one moves away first.
            old = partial.with_suffix(".old.partial")
            folder.rename(old)
            partial.rename(folder)
            shutil.rmtree(old)
        else:
            folder.unlink(missing_ok=True)
            partial.rename(folder)


@contextmanager
def workplace(target: Path) -> Iterator[Path]:
    """An empty folder beside ``target``, a folder or file that is being made; it is removed at the end.

    What a killed process of this machine left behind, the next one removes if it has the same ``target``; a living
    process keeps its own, so that two writers never mix their files.
    """
    _remove_remains(target)
    partial = target.with_name(f"{_prefix(target)}{os.getpid()}.partial")
    partial.mkdir(parents=True)
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def link(source: Path, target: Path, final: Path) -> None:
    """Hard link, else a relative symbolic link that holds once ``target`` has moved to ``final``, else a copy.

    Raises
    ------
    FileNotFoundError
        If the source does not exist.
    """
    if source.is_symlink():
        source = source.resolve(strict=True)
    try:
        os.link(source, target)
        return
    except FileNotFoundError:
        raise
    except OSError:
        pass
    try:
        target.symlink_to(os.path.relpath(source.resolve(), final.parent.resolve()))
    except OSError:
        shutil.copyfile(source, target)


def _prefix(target: Path) -> str:
    return f".{target.name}.{socket.gethostname()}-"


def _remove_remains(target: Path) -> None:
    for remains in target.parent.glob(f"{glob.escape(_prefix(target))}*.partial"):
        pid = remains.name.removeprefix(_prefix(target)).split(".")[0]
        if pid.isdigit() and (int(pid) == os.getpid() or not _is_alive(int(pid))):
            shutil.rmtree(remains, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
