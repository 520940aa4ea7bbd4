"""The shared folder: what is taken from it, and what is not."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from anonbench.workflow import shared
from anonbench.workflow.shared import shared_or_made

MADE_OF = {"recipe": {"sigma": 0.1}, "list": "ab" * 32}


class Study:
    """A study that makes a folder of two images and a manifest."""

    def __init__(self, root: Path) -> None:
        self.outputs = {"images": root / "shard" / "images", "manifest": root / "shard" / "manifest.json"}
        self.made = 0

    def make(self) -> None:
        self.made += 1
        shutil.rmtree(self.outputs["images"], ignore_errors=True)
        (self.outputs["images"] / "sub").mkdir(parents=True)
        (self.outputs["images"] / "a.png").write_bytes(b"one")
        (self.outputs["images"] / "sub" / "b.png").write_bytes(b"two")
        self.outputs["manifest"].write_text("{}")

    def run(self, folder: Path | None, **changes: object) -> bool:
        return shared_or_made(folder, "variants", MADE_OF | changes, self.outputs, self.make)

    def has_all(self) -> bool:
        images = self.outputs["images"]
        files = {path.relative_to(images).as_posix() for path in images.rglob("*") if path.is_file()}
        read = (images / "a.png").read_bytes(), (images / "sub" / "b.png").read_bytes()
        left = {path.name for path in images.parent.iterdir()}
        return files == {"a.png", "sub/b.png"} and read == (b"one", b"two") and left == {"images", "manifest.json"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    return tmp_path / "shared"


@pytest.fixture
def first(tmp_path: Path, folder: Path) -> Study:
    """A study whose outputs are in the shared folder."""
    study = Study(tmp_path / "first")
    assert not study.run(folder) and study.made == 1
    return study


@pytest.fixture
def second(tmp_path: Path, first: Study) -> Study:
    return Study(tmp_path / "second")


def entry(folder: Path) -> Path:
    (only,) = (folder / "variants").iterdir()
    return only


def test_another_study_takes_copies(folder: Path, second: Study) -> None:
    assert second.run(folder) and second.made == 0 and second.has_all()
    for path in (second.outputs["images"] / "a.png", second.outputs["manifest"]):
        path.write_bytes(b"changed")
    assert (entry(folder) / "images" / "a.png").read_bytes() == b"one"
    assert (entry(folder) / "manifest").read_bytes() == b"{}"


def test_without_a_folder_everything_is_made(second: Study) -> None:
    assert not second.run(None) and second.made == 1 and second.has_all()


@pytest.mark.parametrize("change", [{"recipe": {"sigma": 0.2}}, {"list": "cd" * 32}, {"code": "other"}])
def test_what_is_made_of_something_else_is_made(folder: Path, second: Study, change: dict[str, object]) -> None:
    assert not second.run(folder, **change) and second.made == 1
    assert len(list((folder / "variants").iterdir())) == 2


def test_what_other_packages_made_is_made_again(folder: Path, second: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "version", lambda package: "0")
    assert not second.run(folder) and second.made == 1


def test_the_entry_says_what_it_was_made_of(folder: Path, first: Study) -> None:
    made_of = json.loads((entry(folder) / "entry.json").read_text())["made_of"]
    assert made_of["recipe"] == {"sigma": 0.1} and made_of["packages"]["numpy"][0].isdigit()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: (path / "images" / "a.png").write_bytes(b"ONE"),
        lambda path: (path / "images" / "sub" / "b.png").unlink(),
        lambda path: (path / "images" / "c.png").write_bytes(b"stray"),
        lambda path: (path / "entry.json").unlink(),
        lambda path: (path / "entry.json").write_text('{"files": {'),
        lambda path: (path / "entry.json").write_text('{"made_of": {}, "files": {}}'),
        lambda path: shutil.rmtree(path / "images"),
        lambda path: (path / "manifest").write_text(""),
    ],
)
def test_what_is_damaged_or_incomplete_is_made_again_and_replaced(folder: Path, second: Study, damage) -> None:
    damage(entry(folder))
    assert not second.run(folder) and second.made == 1 and second.has_all()
    third = Study(second.outputs["images"].parents[2] / "third")
    assert third.run(folder) and third.has_all()
    assert not [path for path in (folder / "variants").iterdir() if path.name.startswith(".")]


def test_a_writer_that_was_killed_leaves_nothing_that_is_taken(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of copying, of its record, and just before the entry gets its name."""
    for place in ("_copy", "write_record", "Entry"):
        study = Study(tmp_path / place)
        with monkeypatch.context() as patched:
            patched.setattr(shared, place, lambda *_, **__: os._exit(9))
            if (child := os.fork()) == 0:
                study.run(folder)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        assert not study.run(folder, place=place) and study.made == 1
        other = Study(tmp_path / f"{place} other")
        assert not other.run(folder, attempt=place) and other.made == 1
    last = Study(tmp_path / "last")
    assert not last.run(folder) and last.made == 1


def test_a_folder_that_nobody_may_write_to_is_still_read(folder: Path, second: Study, monkeypatch) -> None:
    def refuse(**_: object) -> str:
        raise PermissionError("read-only")

    assert second.run(folder)
    third = Study(second.outputs["images"].parents[2] / "third")
    kept = shared._keep
    monkeypatch.setattr(shared, "_keep", lambda *a: monkeypatch.setattr(shared.tempfile, "mkdtemp", refuse) or kept(*a))
    assert not third.run(folder, code="other") and third.made == 1 and third.has_all()


def test_others_may_read_what_was_left(folder: Path, first: Study) -> None:
    assert entry(folder).stat().st_mode & 0o777 == (folder / "variants").stat().st_mode & 0o777
    mode = (entry(folder) / "images" / "a.png").stat().st_mode
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(mode) == 0o666 & ~umask
