"""Whether a file is the one that was published."""

import hashlib
import logging
import zipfile

import pytest

from anonbench.common.errors import UserError
from anonbench.datasets.sources import RemoteFile
from anonbench.datasets.verify import Verified, verify

MD5 = "md5:" + hashlib.md5(b"content").hexdigest()
SHA256 = "sha256:" + hashlib.sha256(b"content").hexdigest()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.json"
    path.write_bytes(b"content")
    return path


def expected(**keys):
    return RemoteFile(**{"file_name": "a.json", "urls": (), "size": 7, "digest": None} | keys)


@pytest.mark.parametrize("digest", [MD5, SHA256])
def test_the_right_file(file, digest, caplog):
    with caplog.at_level(logging.INFO):
        known = verify(file, expected(digest=digest, exact=True))
    assert known == Verified(
        file_name="a.json",
        size=7,
        modified_ns=file.stat().st_mtime_ns,
        md5=MD5.removeprefix("md5:"),
        sha256=SHA256.removeprefix("sha256:"),
    )
    assert not caplog.text


def test_an_unknown_digest_is_told(file, caplog):
    with caplog.at_level(logging.INFO):
        verify(file, expected())
    assert SHA256.removeprefix("sha256:") in caplog.text and "mine.json" in caplog.text


@pytest.mark.parametrize("digest", ["md5:" + "ab" * 16, "sha256:" + "ab" * 32])
def test_the_wrong_digest_names_both(file, digest):
    with pytest.raises(
        UserError, match=r"mine\.json has the wrong checksum: (MD5|SHA-256) [0-9a-f]+ instead of (ab)+\."
    ):
        verify(file, expected(digest=digest))


def test_the_wrong_length(file):
    verify(file, expected(size=8))
    with pytest.raises(UserError, match=r"mine\.json has the wrong length: 7 bytes instead of 8"):
        verify(file, expected(size=8, exact=True))


def test_an_archive_must_be_whole(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("a", "1")
    verify(path, expected(file_name="a.zip"))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(UserError, match=r"a\.zip is not a complete zip archive.*truncated"):
        verify(path, expected(file_name="a.zip", digest="md5:" + "0" * 32))


def test_a_missing_file(tmp_path):
    with pytest.raises(UserError, match=r"gone\.json does not exist"):
        verify(tmp_path / "gone.json", expected())
