"""The digest of a user's files: content decides, and what did not change is not read again."""

import os
import time
from pathlib import Path

import pytest

from anonbench.common.errors import UserError
from anonbench.datasets import content
from anonbench.datasets.content import digest_of, listed_digest


class Folder:
    """A listing, the files that it names and others; how often each was read is counted."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.read = root, []
        self.write("list", b"1")
        for name in ("a", "b", "unlisted"):
            self.write(name, name.encode() * 9)
        self.names = ["a", "b"]
        real = content.sha256_file
        monkeypatch.setattr(content, "sha256_file", lambda path: self.read.append(Path(path).name) or real(path))

    def write(self, name: str, data: bytes, age: float = 60) -> None:
        (self.root / name).write_bytes(data)
        self.age(name, age)

    def age(self, name: str, age: float) -> None:
        os.utime(self.root / name, (time.time() - age,) * 2)

    def digest(self) -> str:
        self.read.clear()
        return listed_digest(self.root / "list", self.root, self._names)

    def _names(self) -> list:
        self.read.append("names")
        return self.names


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path)
    # Times of change cannot be set, so that files made by a test are new.
    monkeypatch.setattr(content, "_SETTLED", -1)
    return Folder(tmp_path / "own", monkeypatch)


def test_what_did_not_change_is_not_read_again(folder):
    first = folder.digest()
    assert sorted(folder.read) == ["a", "b", "list", "names"]
    assert folder.digest() == first and folder.read == []
    assert {path.name for path in Path.cwd().iterdir()} == {"own", "resources"}


def test_content_decides_and_neither_length_nor_time(folder):
    first = folder.digest()
    folder.write("a", b"A" * 9, age=60)
    second = folder.digest()
    assert second != first and folder.read == ["a"]
    folder.write("a", b"a" * 9, age=10)
    assert folder.digest() == first
    folder.age("b", 5)
    assert folder.digest() == first and folder.read == ["b"]


def test_a_replaced_file_of_the_same_length_and_time_is_read_again(folder):
    first = folder.digest()
    times = os.stat(folder.root / "a").st_mtime_ns
    (folder.root / "a").write_bytes(b"A" * 9)
    os.utime(folder.root / "a", ns=(times, times))
    assert folder.digest() != first


def test_files_that_nobody_lists_count_for_nothing(folder):
    first = folder.digest()
    folder.write("unlisted", b"other")
    folder.write(".DS_Store", b"1")
    (folder.root / ".#a").symlink_to("nowhere")
    assert folder.digest() == first


def test_the_listing_and_its_names_count(folder):
    first = folder.digest()
    folder.write("list", b"2")
    assert folder.digest() != first and sorted(folder.read) == ["list", "names"]
    folder.names = ["a"]
    folder.write("list", b"1", age=5)
    assert folder.digest() not in (first, None)


def test_a_missing_file_and_odd_names_count_as_they_are(folder):
    first = folder.digest()
    (folder.root / "a").unlink()
    assert folder.digest() != first
    folder.names = ["a", "b", None, 3, "\0", "sub\\c", "caf\udce9"]
    folder.write("list", b"2")
    before = folder.digest()
    (folder.root / "sub").mkdir()
    folder.write("sub/c", b"c")
    assert folder.digest() != before


def test_an_unreadable_listing_is_left_to_its_conversion(folder, monkeypatch):
    def fail():
        raise UserError("no JSON", "mend it")

    first = listed_digest(folder.root / "list", folder.root, fail)
    folder.write("list", b"2")
    assert listed_digest(folder.root / "list", folder.root, fail) != first
    assert folder.digest() and "names" in folder.read


def test_what_changed_just_now_is_read_again(folder, monkeypatch):
    monkeypatch.setattr(content, "_SETTLED", 3600)
    folder.digest()
    folder.digest()
    assert sorted(folder.read) == ["a", "b", "list", "names"]


def test_damaged_or_unwritable_memory_does_not_matter(folder, monkeypatch):
    first = folder.digest()
    (kept,) = Path("resources/digests").iterdir()
    kept.write_bytes(b"{")
    assert folder.digest() == first and len(folder.read) == 4
    kept.unlink()
    kept.mkdir()
    assert folder.digest() == first and len(folder.read) == 4


def test_single_files(folder):
    first = digest_of([folder.root / "a", folder.root / "gone"])
    assert digest_of([folder.root / "a", folder.root / "gone"]) == first
    folder.write("gone", b"1")
    assert digest_of([folder.root / "a", folder.root / "gone"]) != first
