"""What a user's own files hold, as a digest that asks the file system alone while nothing changes.

A file is read again when its size, times or inode differ from those under which its SHA-256 is kept, below
``resources/``. A folder's other files, hidden ones among them, count for nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file, sha256_of, write_json
from anonbench.common.validation import Model

KEPT = Path("resources/digests")
# s. A file that was changed within so short a time may change again without another time.
_SETTLED = 2
_FEW = 200  # files that are read without a word

# size in bytes, time of change of the content and of the file in ns, inode
_State = tuple[int, int, int, int]


class _Known(Model):
    """What is kept: the listed names, the state of the list's file, and each file's state and SHA-256 by path."""

    state: _State | None = None
    names: list[str] = []
    files: dict[str, tuple[_State, str]] = {}


def digest_of(files: Iterable[Path]) -> str:
    """A digest of the paths and contents of some files; one that cannot be read counts as such."""
    paths = {str(file): Path(file) for file in files}
    memory = _Memory(paths)
    contents = memory.contents(paths)
    memory.keep()
    return sha256_of(repr(contents).encode())


def listed_digest(listing: Path, folder: Path, names: Callable[[], list[object]]) -> str:
    """A digest of a file and of the names and contents of those below a folder that it lists.

    Parameters
    ----------
    listing
        The file that lists the others.
    folder
        Where they are.
    names
        Reads their names from the listing; called only where the listing has changed. Where it cannot be read, the
        digest is of the listing alone: its conversion says why.
    """
    memory = _Memory([listing, folder])
    listed = {name: folder / name.replace("\\", "/") for name in memory.names(listing, names)}
    contents = memory.contents({str(listing): listing} | listed)
    memory.keep()
    return sha256_of(repr(contents).encode())


class _Memory:
    """What is known of some files from earlier calls, and what this call learns."""

    def __init__(self, about: Iterable[object]) -> None:
        self._place = KEPT / f"{sha256_of(repr([str(one) for one in about]).encode())[:32]}.json"
        try:
            self._before = _Known.model_validate_json(self._place.read_bytes())
        except (OSError, ValidationError):
            self._before = _Known()
        self._now = _Known()

    def names(self, listing: Path, read: Callable[[], list[object]]) -> list[str]:
        """The names that a file lists."""
        state = _state(listing)
        if state is None or state != self._before.state:
            try:
                names = sorted({name for name in read() if isinstance(name, str) and "\0" not in name})
            except UserError:
                return []
        else:
            names = self._before.names
        if state and _is_settled(state):
            self._now = self._now.model_copy(update={"state": state, "names": names})
        return names

    def contents(self, paths: dict[str, Path]) -> list[tuple[str, str | None]]:
        """The name and SHA-256 of each file."""
        states = {name: _state(path) for name, path in paths.items()}
        known = {
            name: entry for name, entry in self._before.files.items() if name in states and entry[0] == states[name]
        }
        unknown = [name for name, state in states.items() if state and name not in known]
        for name, digest in zip(unknown, _read([paths[name] for name in unknown]), strict=True):
            if digest:
                known[name] = (states[name], digest)
        settled = {name: entry for name, entry in known.items() if _is_settled(entry[0])}
        self._now = self._now.model_copy(update={"files": settled})
        return [(name, known[name][1] if name in known else None) for name in sorted(paths)]

    def keep(self) -> None:
        """Keep what was learned for the next call; where it cannot be written, that call reads the files again."""
        if self._now != self._before:
            with suppress(OSError, ValueError):
                write_json(self._place, self._now.model_dump())


def _read(paths: list[Path]) -> list[str | None]:
    if not paths:
        return []
    from tqdm import tqdm  # not loaded where nothing has changed

    with ThreadPoolExecutor() as pool:
        title = "Reading files that are new or changed"
        return list(tqdm(pool.map(_sha256, paths), title, len(paths), unit="file", disable=len(paths) < _FEW))


def _sha256(path: Path) -> str | None:
    try:
        return sha256_file(path)
    except OSError:  # its conversion says why
        return None


def _state(path: Path) -> _State | None:
    try:
        stat = os.stat(path)
    except (OSError, ValueError):
        return None
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


def _is_settled(state: _State) -> bool:
    return time.time() - max(state[1:3]) / 1e9 > _SETTLED
