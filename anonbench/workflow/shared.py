"""The shared folder: outputs that one study has made and others take instead of making them again.

An entry's name is a digest of everything that its files follow from, so that a changed input, parameter, line of code
or package is another entry. It appears whole or not at all, and a file that is not what the entry says is never taken.
"""

from __future__ import annotations

import logging
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from anonbench.common.errors import UserError
from anonbench.common.files import json_text, sha256_file, sha256_of
from anonbench.common.records import Record, read_record, write_record

log = logging.getLogger(__name__)

ENTRY = "entry.json"
# What computes pixels and numbers, beside the project's own code.
PACKAGES = ("numpy", "opencv-python-headless", "pillow", "pycocotools", "scipy", "torch", "torchvision")


class Entry(Record):
    """What an entry's files follow from, for people to read, and the SHA-256 of each file by its relative path."""

    made_of: dict[str, Any]
    files: dict[str, str]


def shared_or_made(
    folder: Path | str | None,
    kind: str,
    made_of: Mapping[str, Any],
    outputs: Mapping[str, Path],
    make: Callable[[], None],
) -> bool:
    """Take outputs from the shared folder, else make them and leave a copy there.

    The folder may be read-only or full: it never makes a job fail.

    Parameters
    ----------
    folder
        The shared folder; None where there is none.
    kind
        Its sub-folder.
    made_of
        All that the outputs follow from, as plain values; for files their digests. Packages and Python's version are
        added.
    outputs
        The files and folders that are made, by names of the caller's choice; the last one appears last.
    make
        Makes them.

    Returns
    -------
    bool
        Whether they were taken.
    """
    if folder is None:
        make()
        return False
    made_of = {**made_of, "packages": _packages()}
    entry = Path(folder, kind, sha256_of(json_text(made_of).encode()))
    if _take(entry, outputs):
        return True
    make()
    _keep(entry, made_of, outputs)
    return False


def _packages() -> dict[str, str | None]:
    found: dict[str, str | None] = {"python": ".".join(platform.python_version_tuple()[:2])}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def _take(entry: Path, outputs: Mapping[str, Path]) -> bool:
    """Copy an entry's files to the outputs if each is what it should be."""
    if not (entry / ENTRY).is_file():
        return False
    try:
        wanted = read_record(Entry, entry / ENTRY).files
        with _scratch(next(iter(outputs.values())).parent) as scratch:
            for name in outputs:
                _copy(entry / name, scratch / name)
            if _digests(scratch) != wanted:
                raise ValueError("its files are not those that were left there")
            for name, path in outputs.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                (scratch / name).rename(path)
    except (OSError, UserError, ValueError) as error:
        log.warning("The entry %s of the shared folder is not used: %s", entry, error)
        return False
    log.info("Taken from the shared folder: %s", entry)
    return True


def _keep(entry: Path, made_of: dict[str, Any], outputs: Mapping[str, Path]) -> None:
    """Copy the outputs into a new entry; one that exists is damaged, or another study has just made it."""
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        with _scratch(entry.parent) as scratch:
            new = scratch / "new"
            new.mkdir()
            for name, path in outputs.items():
                _copy(path, new / name)
            write_record(new / ENTRY, Entry(made_of=made_of, files=_digests(new)))
            if entry.exists():
                entry.rename(scratch / "old")
            new.rename(entry)
    except OSError as error:
        log.warning("Nothing was left in the shared folder: %s", error)


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    """A hidden folder in ``parent``, removed with what is left in it."""
    parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".partial-", dir=parent))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    """The contents alone: neither times nor permissions of another user."""
    if source.is_dir():
        shutil.copytree(source, target, copy_function=shutil.copyfile)
    else:
        shutil.copyfile(source, target)


def _digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file below a folder by its relative path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_file(path) for path in files}
