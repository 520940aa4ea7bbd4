"""Which photographs a command works on, and what their anonymized files are called."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from anonbench.common.errors import UserError
from anonbench.datasets.pictures import Picture, normalise

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif")
_KEPT = (".jpg", ".jpeg", ".png")
_LOSSLESS = (".bmp", ".tif", ".tiff")


@dataclass(frozen=True)
class Photograph:
    """A photograph: its file, and its name below the folder that is worked on, with ``/``."""

    source: Path
    name: str

    @property
    def target(self) -> str:
        """The name of the anonymized file: the same for a JPEG or PNG, else with ``.jpg`` or ``.png`` appended."""
        suffix = PurePosixPath(self.name).suffix.lower()
        return self.name if suffix in _KEPT else self.name + (".png" if suffix in _LOSSLESS else ".jpg")


def photographs(place: Path) -> list[Photograph]:
    """The photographs of a file, of a folder with all below it, or of a ``.txt`` list with a path per line.

    In a folder, hidden files and files that are no images by their suffix count for nothing. The paths of a list are
    relative to its own folder, and their names are the paths themselves, or the file's name for one outside of it.

    Raises
    ------
    UserError
        If there is no such place, if it holds no photograph, or if two would get the same name.
    """
    if place.is_dir():
        found = [Photograph(path, path.relative_to(place).as_posix()) for path in sorted(_files(place))]
    elif place.is_file():
        found = list(_listed(place)) if place.suffix.lower() == ".txt" else [Photograph(place, place.name)]
    else:
        raise UserError(f"{place} does not exist.", "Name a photograph, a folder, or a .txt list of photographs.")
    if not found:
        raise UserError(f"{place} holds no photograph.", f"Photographs end in {', '.join(SUFFIXES)}.")
    seen: dict[str, Photograph] = {}
    for one in found:
        if other := seen.get(one.target):
            raise UserError(f"{one.source} and {other.source} would both become {one.target}.", "Rename one of them.")
        seen[one.target] = one
    return found


def _files(folder: Path) -> Iterator[Path]:
    for parent, below, names in os.walk(folder):
        below[:] = [name for name in below if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(parent, name)


def _listed(path: Path) -> Iterator[Photograph]:
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        if not line.strip():
            continue
        source = path.parent / line.strip()
        if not source.is_file():
            raise UserError(f"{path} lists {line.strip()!r}, which does not exist.", "Correct it or take it out.")
        inside = not Path(line.strip()).is_absolute() and ".." not in Path(line.strip()).parts
        yield Photograph(source, Path(line.strip()).as_posix() if inside else source.name)


def read_photograph(source: Path) -> Picture:
    """A photograph, upright as it is displayed and without metadata.

    Raises
    ------
    UserError
        If it cannot be read.
    """
    try:
        data = source.read_bytes()
    except OSError as error:
        raise UserError(f"{source} cannot be read ({error.strerror}).", "Restore it.") from None
    return normalise(data, source.name, where=str(source))
