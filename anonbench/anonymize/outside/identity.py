"""What a user's command is made of: its words, and the files of the project among them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from anonbench.common.files import sha256_file, sha256_of

# A larger file, such as a network's weights, is identified by name and size: it is read whenever the workflow plans.
READ_WHOLE = 50_000_000


def file_digests(command: Iterable[object]) -> dict[str, str]:
    """The SHA-256 of every file below the working directory that a command names, by the name it uses.

    A word names a file as a whole or behind its first ``=``. Files elsewhere, folders, and what a script imports are
    not seen.
    """
    root = Path.cwd().resolve()
    digests = {}
    for word in map(str, command):
        for name in {word, word.partition("=")[2]} - {""}:
            path = Path(name)
            try:
                inside = path.is_file() and path.resolve().is_relative_to(root)
            except (OSError, ValueError):  # too long for a path, or not a path at all
                continue
            if inside:
                digests[name] = _digest(path)
    return dict(sorted(digests.items()))


def _digest(path: Path) -> str:
    size = path.stat().st_size
    return sha256_file(path) if size <= READ_WHOLE else sha256_of(f"{path.name} {size}".encode())
