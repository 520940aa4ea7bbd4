"""The journal of a command: what it did with every photograph, a line each, so that it can go on where it ended."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from pydantic import ValidationError

from anonbench.common.errors import UserError
from anonbench.common.files import json_text, sha256_file
from anonbench.common.records import Record

JOURNAL = "anonbench.jsonl"


class Settings(Record):
    """The first line: everything that decides what becomes of a photograph."""

    version: str
    region: str
    method: str
    level: str
    config: dict[str, Any]
    seed: int
    quality: int
    regions: dict[str, Any]


class Found(Record):
    """A region: its box ``[x, y, w, h]`` px, None where nobody knows where; its source; how sure the detector was."""

    box: tuple[float, float, float, float] | None
    source: str
    score: float | None = None


class Done(Record):
    """A photograph that was written: the digests of its file and of the anonymized one, and the audit of its regions.

    ``masked_out`` and ``shares`` as of :class:`anonbench.anonymize.frame.Anonymized`.
    """

    name: str
    target: str
    sha256: str
    target_sha256: str
    width: int
    height: int
    regions: list[Found]
    masked_out: dict[str, int]
    shares: list[float | None]


class Failed(Record):
    """A photograph that was not written, and why."""

    name: str
    problem: str


class Journal:
    """The file :data:`JOURNAL` in a command's output folder.

    Parameters
    ----------
    folder
        The output folder.
    settings
        Of this run.

    Raises
    ------
    UserError
        If the folder holds files, but not of a run with the same settings.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.path = folder / JOURNAL
        self._settings = settings
        self._done: dict[str, Done] = {}
        if self.path.is_file():
            self._read()
        elif folder.is_dir() and next(folder.iterdir(), None) is not None:
            raise UserError(
                f"{folder} is not empty, and nothing is overwritten.",
                "Name another folder, or pass --overwrite to replace what is in it.",
            )

    def is_done(self, name: str, source: Path) -> bool:
        """Whether a run before this one has written this very photograph, and what it wrote is still there."""
        done = self._done.get(name)
        target = done and self.path.parent / done.target
        return bool(
            done
            and target.is_file()
            and sha256_file(source) == done.sha256
            and sha256_file(target) == done.target_sha256
        )

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """A function that adds a :class:`Done` or :class:`Failed`; what was done before is kept."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [self._settings, *self._done.values()]
        partial = self.path.with_name(f"{JOURNAL}.part")
        partial.write_text("".join(f"{_line(one)}\n" for one in lines), encoding="utf-8")
        partial.replace(self.path)
        with open(self.path, "a", encoding="utf-8") as stream:
            yield lambda one: _append(stream, one)

    def _read(self) -> None:
        lines = self.path.read_text(encoding="utf-8").splitlines()
        try:
            before = Settings.model_validate_json(lines[0] if lines else "")
        except ValidationError:
            raise UserError(f"{self.path} is damaged.", "Pass --overwrite to begin anew.") from None
        wrong = [key for key in Settings.model_fields if getattr(before, key) != getattr(self._settings, key)]
        if wrong:
            raise UserError(
                f"{self.path.parent} holds photographs that were made with another {', '.join(wrong)}.",
                "Name another folder, or pass --overwrite to replace what is in it.",
            )
        for line in lines[1:]:
            try:
                done = Done.model_validate_json(line)
            except ValidationError:  # of a photograph that failed, or cut off by a kill: tried again
                continue
            self._done[done.name] = done


def clear(folder: Path) -> None:
    """Delete a folder that a run before has made.

    Raises
    ------
    UserError
        If it holds files without a journal: they are not ours.
    """
    if folder.is_dir() and next(folder.iterdir(), None) is not None:
        if not (folder / JOURNAL).is_file():
            raise UserError(f"{folder} was not written by anonbench, which has no {JOURNAL}.", "Empty it yourself.")
        shutil.rmtree(folder)


def _line(one: Record) -> str:
    return json_text(one.model_dump(mode="json"))


def _append(stream: TextIO, one: Record) -> None:
    stream.write(f"{_line(one)}\n")
    stream.flush()
