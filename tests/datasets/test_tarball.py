"""Tar archives from outside are never trusted, either."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from anonbench.common.errors import UserError
from anonbench.datasets.sources import RemoteFile
from anonbench.datasets.tarball import open_tarball
from anonbench.datasets.verify import verify
from tests.helpers.people_archives import tarred


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return tarred(tmp_path / "good.tgz", {"folder/a.txt": b"first", "folder/b.txt": bytes(range(256)) * 40})


def refused(path: Path, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught, open_tarball(path):
        pass
    assert caught.value.fix


def special(path: Path, kind: bytes) -> Path:
    with tarfile.open(path, "w:gz") as out:
        info = tarfile.TarInfo("images")
        info.type, info.linkname = kind, "/etc"
        out.addfile(info)
    return path


def test_files_are_read_by_name_in_any_order(good):
    with open_tarball(good) as archive:
        assert archive.names() == ["folder/a.txt", "folder/b.txt"]
        assert archive.size("folder/b.txt") == 10_240
        for _ in range(2):
            assert archive.read("folder/b.txt") == bytes(range(256)) * 40
            assert archive.read("folder/a.txt") == b"first"


def test_a_file_that_memory_should_not_hold(good, monkeypatch):
    monkeypatch.setattr("anonbench.datasets.tarball.MAX_READ", 500)
    with open_tarball(good) as archive, pytest.raises(UserError, match=r"'folder/b\.txt' is too large"):
        archive.read("folder/b.txt")


def test_damaged_archives(good, tmp_path):
    refused(tmp_path / "nowhere.tgz", r"nowhere\.tgz does not exist")
    whole = good.read_bytes()
    good.write_bytes(whole[:-30])
    refused(good, r"good\.tgz is not a complete gzipped tar archive.*truncated")
    good.write_bytes(whole[:-8] + b"\0\0\0\0" + whole[-4:])  # another checksum
    refused(good, r"good\.tgz is not a complete gzipped tar archive \(CRC")
    good.write_bytes(b"<html>")
    refused(good, "Not a gzipped file")
    good.write_bytes(gzip.compress(b"no tar" * 1000))
    refused(good, "not a complete gzipped tar archive")
    good.write_bytes(gzip.compress(gzip.decompress(whole)[:700]))
    refused(good, "not a complete gzipped tar archive")


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "C:/evil", "..\\evil", "\\evil"])
def test_member_that_climbs_out(tmp_path, name):
    refused(tarred(tmp_path / "evil.tgz", {name: b""}), r"evil\.tgz has a member that climbs out of the archive")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_member_that_is_no_file(tmp_path, kind):
    refused(special(tmp_path / "link.tgz", kind), r"link\.tgz has a member that is a link or device: 'images'")


def test_a_folder_is_no_member(tmp_path):
    with open_tarball(special(tmp_path / "folder.tgz", tarfile.DIRTYPE)) as archive:
        assert archive.names() == []


def test_member_that_appears_twice(tmp_path):
    with tarfile.open(tmp_path / "twice.tgz", "w:gz") as out:
        for _ in range(2):
            out.addfile(tarfile.TarInfo("a"), io.BytesIO())
    refused(tmp_path / "twice.tgz", "has the member 'a' twice")


def test_bomb(tmp_path, monkeypatch):
    path = tarred(tmp_path / "bomb.tgz", {"zeros": bytes(5_000_000)})
    refused(path, "far more than its size allows")
    # It is not unpacked to its end.
    monkeypatch.setattr("anonbench.datasets.tarball._BLOCK", 1000)
    refused(path, "members of 1 MB in all")


def test_a_bomb_of_members_that_claim_more_than_there_is(tmp_path):
    path = tmp_path / "sparse.tgz"
    info = tarfile.TarInfo("a")
    info.size = 10**13
    path.write_bytes(gzip.compress(info.tobuf() + bytes(2048)))
    refused(path, "far more than its size allows|not a complete gzipped tar archive")


def test_a_fetched_tar_archive_is_verified(good, tmp_path):
    file = RemoteFile("lfw.tgz", (), good.stat().st_size, None)
    assert verify(good, file).size == good.stat().st_size
    with pytest.raises(UserError, match="a member that is a link"):
        verify(special(tmp_path / "link.tgz", tarfile.SYMTYPE), file)
