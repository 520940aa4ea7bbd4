"""Archives from outside: fetched whole and verified, and never trusted."""

import functools
import http.server
import logging
import stat
import threading
import zipfile
from pathlib import Path

import pytest

from anonbench.datasets.archive import open_archive
from anonbench.datasets.fetch import ArchiveSource, archive_source, fetch, verify_archive
from anonbench.datasets.members import only, under
from anonbench.errors import UserError
from anonbench.files import sha256_file


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "served" / "good.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("folder/a.txt", "first")
        out.writestr("folder/b.txt", "second" * 100)
    return path


@pytest.fixture
def address(good: Path):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=good.parent)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_files_are_read_by_name(good):
    with open_archive(good) as archive:
        assert archive.names() == ["folder/a.txt", "folder/b.txt"]
        assert archive.read("folder/a.txt") == b"first"
        assert archive.size("folder/b.txt") == 600


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
    for opened in (lambda path: open_archive(path).__enter__(), lambda path: verify_archive(path, None)):
        with pytest.raises(UserError, match=r"nowhere\.zip does not exist\. Check `archive`"):
            opened(tmp_path / "nowhere.zip")


def test_truncated_archive(good):
    good.write_bytes(good.read_bytes()[:-30])
    with pytest.raises(UserError, match=r"good\.zip is not a complete zip archive.*truncated.*Download"):
        verify_archive(good, "0" * 64)


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
    with pytest.raises(UserError, match=r"evil\.zip has a member that climbs out of the archive"):
        verify_archive(path, None)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_member_that_is_no_file(tmp_path, kind):
    path = tmp_path / "link.zip"
    info = zipfile.ZipInfo("images")
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(path, "w") as out:
        out.writestr(info, "/etc")
    with pytest.raises(UserError, match=r"link\.zip has a member that is a link or device: 'images'"):
        verify_archive(path, None)


def test_bomb(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("zeros", bytes(5_000_000))
    with pytest.raises(UserError, match=r"bomb\.zip claims 1 members of 5 MB"):
        verify_archive(path, None)


def test_member_that_appears_twice(tmp_path):
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("a", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            out.writestr("a", "2")
    with pytest.raises(UserError, match=r"twice\.zip has the member 'a' twice"):
        verify_archive(path, None)


def test_wrong_checksum_names_both_and_the_key(good):
    with pytest.raises(UserError) as caught:
        verify_archive(good, "ab" * 32)
    assert "good.zip has the wrong checksum" in caught.value.what
    assert sha256_file(good) in caught.value.what and "ab" * 32 in caught.value.what
    assert "`sha256`" in caught.value.mend


def test_unknown_checksum_is_told(good, caplog):
    with caplog.at_level(logging.WARNING):
        assert verify_archive(good, None) == sha256_file(good)
    assert sha256_file(good) in caplog.text and "`sha256`" in caplog.text
    caplog.clear()
    verify_archive(good, sha256_file(good).upper())
    assert not caplog.text


def test_fetch_brings_the_verified_archive(good, address, tmp_path):
    target = tmp_path / "archives" / "set.zip"
    fetch(ArchiveSource(f"{address}/good.zip", "good.zip", sha256_file(good), 1000), target)
    assert target.read_bytes() == good.read_bytes()
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(
    ("name", "sha256", "words"),
    [
        ("good.zip", "cd" * 32, "good.zip has the wrong checksum"),
        ("missing.zip", None, "missing.zip could not be downloaded (404"),
        ("page.html", None, "page.html is not a complete zip archive"),
    ],
)
def test_failed_fetch_leaves_nothing(good, address, tmp_path, name, sha256, words):
    (good.parent / "page.html").write_text("<html>moved</html>")
    target = tmp_path / "archives" / "set.zip"
    with pytest.raises(UserError) as caught:
        fetch(ArchiveSource(f"{address}/{name}", name, sha256, 1000), target)
    assert words in caught.value.what and caught.value.mend
    assert list(target.parent.iterdir()) == []


def test_unreachable_address_says_how_to_go_on_without_it(tmp_path):
    with pytest.raises(UserError) as caught:
        fetch(ArchiveSource("http://127.0.0.1:9/set.zip", "set.zip", None, 1000), tmp_path / "set.zip")
    assert "http://127.0.0.1:9/set.zip could not be downloaded" in caught.value.what
    assert "by hand" in caught.value.mend and "`archive`" in caught.value.mend


def test_fetch_needs_room(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10})())
    with pytest.raises(UserError, match=r"Downloading set\.zip needs about 50 MB"):
        fetch(ArchiveSource("http://127.0.0.1:9/set.zip", "set.zip", None, 50_000_000), tmp_path / "set.zip")


def test_the_users_hash_counts_before_the_official_one():
    official = ArchiveSource("http://example.org/a.zip", "a.zip", "1" * 64, 5)
    assert archive_source(official, {"sha256": "2" * 64}).sha256 == "2" * 64
    assert archive_source(official, {"sha256": None}) == official
    assert archive_source(None, {}) is None
