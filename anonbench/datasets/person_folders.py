"""Photographs in a folder for each person: on the disk, or in an archive in the layout of LFW's."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from anonbench.common.errors import UserError
from anonbench.datasets.tarball import open_tarball

# Reads a photograph by its name.
Read = Callable[[str], bytes]

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
_MEMBER = re.compile(r"(?:(?P<root>.*)/)?(?P<person>[^/]+)/(?P<file>(?P=person)_\d{4}\.jpg)")


class PersonFolders(Protocol):
    """``people`` has each person's photographs by the person's name; names are ``person/file``, below ``path``."""

    path: Path
    people: dict[str, list[str]]

    def bytes_of(self, names: list[str]) -> int:
        """The size of some photographs in bytes."""

    def reading(self) -> contextmanager[Read]:
        """What reads photographs while it is open."""


class Folder:
    """A folder of folders. Hidden files count for nothing; ``counts`` counts what else is no photograph."""

    def __init__(self, path: Path, counts: Counter[str]) -> None:
        self.path = path
        self.people: dict[str, list[str]] = defaultdict(list)
        for file in sorted(path.glob("*/*")):
            if file.name.startswith(".") or file.parent.name.startswith("."):
                continue
            if file.suffix.lower() in _SUFFIXES and file.is_file():
                self.people[file.parent.name].append(f"{file.parent.name}/{file.name}")
            else:
                counts["files_left_out_no_photographs"] += 1

    def bytes_of(self, names: list[str]) -> int:
        return sum((self.path / name).stat().st_size for name in names)

    @contextmanager
    def reading(self) -> Iterator[Read]:
        yield lambda name: (self.path / name).read_bytes()


class Tarred:
    """A gzipped tar archive of ``person/person_0001.jpg`` below one folder; ``counts`` counts its other files.

    Raises
    ------
    UserError
        If it has no such files, or has them below several folders.
    """

    def __init__(self, path: Path, counts: Counter[str]) -> None:
        self.path = path
        self.people: dict[str, list[str]] = defaultdict(list)
        self._members: dict[str, tuple[str, int]] = {}
        roots = set()
        with open_tarball(path) as archive:
            for member in archive.names():
                match = _MEMBER.fullmatch(member)
                if match is None:
                    counts["files_left_out_no_photographs"] += 1
                    continue
                roots.add(match["root"])
                name = f"{match['person']}/{match['file']}"
                self.people[match["person"]].append(name)
                self._members[name] = (member, archive.size(member))
        if len(roots) != 1:
            what = "no photographs" if not roots else "photographs in more than one folder"
            raise UserError(
                f"{path} has {what} that are named person/person_0001.jpg.",
                "Name the official archive, or a folder of folders under `images`.",
            )

    def bytes_of(self, names: list[str]) -> int:
        return sum(self._members[name][1] for name in names)

    @contextmanager
    def reading(self) -> Iterator[Read]:
        with open_tarball(self.path) as archive:
            yield lambda name: archive.read(self._members[name][0])
