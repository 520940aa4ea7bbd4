"""Archives from outside are never trusted."""

import stat
import zipfile
from pathlib import Path

import pytest

from anonbench.common.errors import UserError
from anonbench.datasets.archive import open_archive
from anonbench.datasets.members import only, under


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "served" / "good.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("folder/a.txt", "first")
        out.writestr("folder/b.txt", "second" * 100)
    return path


def refused(path: Path, message: str) -> None:
    with pytest.raises(UserError, match=message), open_archive(path):
        pass


def test_files_are_read_by_name(good):
    with open_archive(good) as archive:
        assert archive.names() == ["folder/a.txt", "folder/b.txt"]
        assert archive.read("folder/a.txt") == b"first"
        assert archive.size("folder/b.txt") == 600


def test_a_file_that_memory_should_not_hold(good, monkeypatch):
    monkeypatch.setattr("anonbench.datasets.archive.MAX_READ", 500)
    with open_archive(good) as archive:
        assert archive.read("folder/a.txt") == b"first"
        with pytest.raises(UserError, match=r"good\.zip: the member 'folder/b\.txt' is too large"):
            archive.read("folder/b.txt")


def test_files_are_streamed_and_checked(good):
    with open_archive(good) as archive, archive.stream("folder/b.txt") as stream:
        assert stream.read(6) == b"second"
    data = bytearray(good.read_bytes())
    data[data.index(b"folder/b.txt") + 14] ^= 0xFF
    good.write_bytes(data)
    with pytest.raises(UserError, match=r"good\.zip is corrupt.*'folder/b\.txt'"):
        with open_archive(good) as archive, archive.stream("folder/b.txt") as stream:
            stream.read()


def test_members_are_found_below_other_folders(tmp_path):
    def made(*names: str) -> Path:
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w") as out:
            for name in names:
                out.writestr(name, "")
        return path

    found = {"b/1.jpg": "up/set/b/1.jpg", "2.jpg": "up/set/2.jpg"}
    with open_archive(made(*found.values(), "up/settle/3.jpg", "__MACOSX/up/set/2.jpg", "up/set.txt")) as archive:
        assert under(archive, "set/") == found
        assert only(archive, "set.txt") == "up/set.txt"
        with pytest.raises(UserError, match=r"a\.zip has no folder gone/"):
            under(archive, "gone/")
        with pytest.raises(UserError, match=r"a\.zip has no file et\.txt"):
            only(archive, "et.txt")
    with open_archive(made("set/1", "old/set/1")) as archive:
        with pytest.raises(UserError, match=r"a\.zip has more than one folder set/"):
            under(archive, "set/")
        with pytest.raises(UserError, match=r"a\.zip has more than one file set/1"):
            only(archive, "set/1")


def test_missing_archive(tmp_path):
    refused(tmp_path / "nowhere.zip", r"nowhere\.zip does not exist\. Check the path")


def test_truncated_archive(good):
    good.write_bytes(good.read_bytes()[:-30])
    refused(good, r"good\.zip is not a complete zip archive.*truncated.*Download")


def test_corrupt_member(good):
    data = bytearray(good.read_bytes())
    data[data.index(b"folder/a.txt") + 12] ^= 0xFF
    good.write_bytes(data)
    with open_archive(good) as archive, pytest.raises(UserError, match=r"good\.zip is corrupt.*'folder/a\.txt'"):
        archive.read("folder/a.txt")


@pytest.mark.parametrize(
    "name", ["../evil.txt", "a/../../evil.txt", "/etc/evil", "C:/evil", "C:evil", "..\\evil", "\\evil", "a\0/../b"]
)
def test_member_that_climbs_out(tmp_path, name):
    path = tmp_path / "evil.zip"
    info = zipfile.ZipInfo("x" * len(name))
    with zipfile.ZipFile(path, "w") as out:
        out.writestr(info, b"")
    path.write_bytes(path.read_bytes().replace(b"x" * len(name), name.encode()))
    refused(path, r"evil\.zip has a member that climbs out of the archive")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_member_that_is_no_file(tmp_path, kind):
    path = tmp_path / "link.zip"
    info = zipfile.ZipInfo("images")
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(path, "w") as out:
        out.writestr(info, "/etc")
    refused(path, r"link\.zip has a member that is a link or device: 'images'")


def test_bomb(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("zeros", bytes(5_000_000))
    refused(path, r"bomb\.zip claims 1 members of 5 MB")


def test_member_that_appears_twice(tmp_path):
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("a", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            out.writestr("a", "2")
    refused(path, r"twice\.zip has the member 'a' twice")
