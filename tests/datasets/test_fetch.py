"""Files from the network: whole and right, or not there, whatever servers and connections do."""

import hashlib
import json
import logging
import signal
import subprocess
import sys
import threading
import time
import zipfile

import numpy as np
import pytest

from anonbench.common.download import Patience
from anonbench.common.errors import UserError
from anonbench.common.partial import Part
from anonbench.datasets.fetch import fetch
from anonbench.datasets.sources import RemoteFile
from tests.helpers.server import Answer, serve

DATA = np.random.default_rng(0).bytes(3_000_000)
OTHER = np.random.default_rng(1).bytes(3_000_000)
MD5 = "md5:" + hashlib.md5(DATA).hexdigest()
SHA256 = "sha256:" + hashlib.sha256(DATA).hexdigest()
QUICK = Patience(attempts=4, wait=0.01, timeout=0.5)


@pytest.fixture
def server():
    with serve() as served:
        served.files["set.bin"] = DATA
        yield served


@pytest.fixture
def target(tmp_path):
    return tmp_path / "archives" / "set" / "set.bin"


def remote(server, *names, size=3_000_000, digest=MD5, exact=True):
    return RemoteFile("set.bin", tuple(server.url(n) for n in names or ["set.bin"]), size, digest, exact=exact)


def refused(file, target, *words, patience=QUICK):
    with pytest.raises(UserError) as caught:
        fetch(file, target, patience=patience)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert not target.exists()


def arrived(target, data=DATA, *, beside=()):
    assert target.read_bytes() == data
    assert {path.name for path in target.parent.iterdir()} == {target.name, *beside}


@pytest.mark.parametrize("digest", [MD5, SHA256])
def test_a_file_arrives_whole_and_alone(server, target, digest):
    fetch(remote(server, digest=digest), target, patience=QUICK)
    arrived(target)
    assert server.ranges == [None]


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_a_broken_connection_goes_on_where_it_broke(server, target, reset):
    cuts = [1, 500_000, 1_700_000]
    server.script = [Answer(cut=cut, reset=reset) for cut in cuts]
    fetch(remote(server), target, patience=QUICK)
    arrived(target)
    asked = [0 if a is None else int(a.removeprefix("bytes=").removesuffix("-")) for a in server.ranges]
    if reset:  # bytes on their way are lost with the connection
        assert asked == sorted(asked) and asked[-1] > 0
    else:
        assert asked == [0, *np.cumsum(cuts)]
    assert {validator for _, asked, validator in server.requests if asked} == {'"one"'}


def test_a_connection_that_breaks_before_the_first_byte(server, target):
    server.script = [Answer(cut=0), Answer(status=404)]
    refused(remote(server), target, "404")
    assert list(target.parent.iterdir()) == []
    server.script = [Answer(cut=0)]
    fetch(remote(server), target, patience=QUICK)
    arrived(target)
    assert server.ranges == [None] * 4


def test_a_silent_connection_counts_as_broken(server, target):
    quiet = threading.Event()
    server.script = [Answer(cut=1000, stall=quiet)]
    fetch(remote(server), target, patience=QUICK)
    quiet.set()
    arrived(target)
    assert server.ranges == [None, "bytes=1000-"]


def test_it_gives_up_and_the_next_run_goes_on(server, target):
    server.script = [Answer(cut=1000)] + [Answer(cut=10)] * 3
    refused(remote(server), target, "the connection broke 4 times", "Run again to resume after")
    assert Part(target).path.read_bytes() == DATA[:1030]
    fetch(remote(server), target, patience=QUICK)
    arrived(target)
    assert server.ranges[-1] == "bytes=1030-"


def test_a_connection_that_breaks_often_but_brings_much_is_not_given_up(server, target):
    server.files["set.bin"] = DATA * 4
    server.script = [Answer(cut=1_100_000)] * 10
    digest = "md5:" + hashlib.md5(DATA * 4).hexdigest()
    fetch(remote(server, size=4 * len(DATA), digest=digest), target, patience=Patience(attempts=2, wait=0.01))
    arrived(target, DATA * 4)
    assert len(server.requests) == 11


def test_a_killed_download_leaves_no_result_and_the_next_goes_on(server, target):
    stalled = threading.Event()
    server.script = [Answer(cut=700_000, stall=stalled)]
    program = (
        "import sys; from pathlib import Path\n"
        "from anonbench.datasets.fetch import fetch\nfrom anonbench.datasets.sources import RemoteFile\n"
        "fetch(RemoteFile('set.bin', (sys.argv[1],), 3_000_000, None, exact=True), Path(sys.argv[2]))"
    )
    with subprocess.Popen([sys.executable, "-c", program, server.url("set.bin"), str(target)], text=True) as process:
        part = Part(target)
        deadline = time.monotonic() + 20
        while (not part.path.exists() or part.size < 700_000) and time.monotonic() < deadline:
            time.sleep(0.02)
        refused(remote(server), target, "Another process is writing")
        process.send_signal(signal.SIGKILL)
    stalled.set()
    assert not target.exists() and part.size == 700_000
    fetch(remote(server), target, patience=QUICK)
    arrived(target)
    assert server.ranges == [None, "bytes=700000-"]


def test_a_server_without_ranges_starts_over(server, target):
    server.script = [Answer(cut=1000), Answer(ranges=False)]
    fetch(remote(server), target, patience=QUICK)
    arrived(target)
    assert server.ranges == [None, "bytes=1000-"]


def test_a_file_that_changed_between_parts_starts_over(server, target):
    server.script = [Answer(cut=1000, body=OTHER, validators={"ETag": '"older"'})]
    fetch(remote(server), target, patience=QUICK)
    arrived(target)
    assert server.requests[1] == ("set.bin", "bytes=1000-", '"older"')


@pytest.mark.parametrize(
    ("validators", "asked"),
    [
        ({"ETag": 'W/"weak"', "Last-Modified": "Sat, 01 Jan 2000 00:00:00 GMT"}, ["bytes=9-"]),
        ({"ETag": 'W/"weak"'}, [None]),
        ({}, [None]),
    ],
)
def test_only_a_version_that_the_server_names_is_gone_on_with(server, target, validators, asked):
    server.script = [Answer(cut=9, validators=validators), Answer(validators=validators)]
    fetch(remote(server), target, patience=QUICK)
    arrived(target)
    assert server.ranges == [None, *asked]
    assert server.requests[1][2] == (validators.get("Last-Modified"))


@pytest.mark.parametrize(
    "answer", [Answer(start=0), Answer(status=416), Answer(body=DATA[:50]), Answer(body=DATA + b"xx")]
)
def test_an_answer_that_fits_no_range_starts_over(server, target, answer):
    server.script = [Answer(cut=100), answer]
    fetch(remote(server), target, patience=QUICK)
    arrived(target)
    assert server.ranges == [None, "bytes=100-", None]


def test_all_bytes_are_here_but_their_check_was_cut_short(server, target):
    server.script = [Answer(cut=len(DATA) - 1), Answer(status=404)]
    refused(remote(server), target, "404")
    with open(Part(target).path, "ab") as stream:
        stream.write(DATA[-1:])
    fetch(remote(server), target, patience=QUICK)
    arrived(target)
    assert len(server.requests) == 2


def test_a_busy_server_is_asked_again(server, target):
    server.script = [Answer(status=503, headers={"Retry-After": "0"}), Answer(status=429), Answer(status=502)]
    fetch(remote(server), target, patience=QUICK)
    arrived(target)
    assert len(server.requests) == 4


@pytest.mark.parametrize(("status", "requests"), [(404, 1), (403, 1), (503, 4)])
def test_a_server_that_refuses(server, target, status, requests):
    server.script = [Answer(status=status)] * 10
    refused(remote(server), target, server.url("set.bin"), f"({status} ", "by hand as set.bin", "`archives`")
    assert len(server.requests) == requests
    assert list(target.parent.iterdir()) == []


def test_no_server(target):
    file = RemoteFile("set.bin", ("http://127.0.0.1:9/set.bin",), 1000, None)
    refused(file, target, "http://127.0.0.1:9/set.bin could not be downloaded", "Connection refused)")


def test_redirects_are_followed_to_the_end_and_when_going_on(server, target):
    moved = {"status": 302, "headers": {"Location": "/set.bin"}}
    server.script = [Answer(**moved), Answer(cut=1000), Answer(**moved)]
    fetch(remote(server, "moved"), target, patience=QUICK)
    arrived(target)
    assert server.requests[-1] == ("set.bin", "bytes=1000-", '"one"')


@pytest.mark.parametrize(
    ("place", "requests"), [("/again", 6), ("file:///etc/passwd", 1), ("ftp://127.0.0.1/set.bin", 1)]
)
def test_redirects_end_and_stay_with_http(server, target, place, requests):
    server.script = [Answer(status=302, headers={"Location": place})] * 20
    refused(remote(server), target, "could not be downloaded")
    assert len(server.requests) == requests


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/set.bin", "/etc/hostname"])
def test_only_http(target, url):
    refused(RemoteFile("set.bin", (url,), 1000, None), target, "neither an http nor an https address")


def test_wrong_bytes_are_thrown_away(server, target):
    server.files["set.bin"] = OTHER
    refused(remote(server), target, "wrong checksum: MD5", MD5.removeprefix("md5:"))
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(body=DATA[:-1]), ["2,999,999 bytes instead of 3,000,000"]),
        (Answer(body=DATA + b"x", length=False), ["more than 3,000,000 bytes"]),
        (Answer(body=DATA[:-1], length=False), ["the connection broke 4 times"]),
    ],
)
def test_wrong_length(server, target, answer, words):
    server.script = [answer] * 9
    refused(remote(server, digest=None), target, *words)


def test_an_approximate_size_bounds_a_download(server, target, monkeypatch):
    monkeypatch.setattr("anonbench.common.download.SLACK", 0)
    refused(remote(server, size=1_400_000, exact=False), target, "3,000,000 bytes instead of about 1,400,000")
    server.script = [Answer(length=False)]
    refused(remote(server, size=1_400_000, exact=False), target, "more than 2,800,000 bytes")
    fetch(remote(server, size=1_600_000, exact=False), target, patience=QUICK)
    arrived(target)


def test_a_web_page_is_no_file(server, target):
    server.script = [Answer(body=b"<html>", headers={"Content-Type": "text/html; charset=utf-8"})]
    refused(remote(server, exact=False), target, "a web page instead of the file")
    assert list(target.parent.iterdir()) == []


def test_a_damaged_archive_is_no_archive(server, tmp_path):
    target = tmp_path / "set.zip"
    with zipfile.ZipFile(tmp_path / "whole.zip", "w") as out:
        out.writestr("a", DATA[:1000])
    whole = (tmp_path / "whole.zip").read_bytes()
    server.files |= {"cut.zip": whole[:-30], "whole.zip": whole}
    file = RemoteFile("set.zip", (server.url("cut.zip"),), 1000, None)
    refused(file, target, "cut.zip is not a complete zip archive")
    fetch(RemoteFile("set.zip", (*file.urls, server.url("whole.zip")), 1000, None), target, patience=QUICK)
    assert target.read_bytes() == whole


@pytest.mark.parametrize(
    "answers", [[Answer(status=404)], [Answer(cut=9)] * 4, [Answer(body=OTHER)], [Answer(body=DATA[:9])]]
)
def test_the_next_mirror_helps_out(server, target, answers):
    server.script = list(answers)
    server.files["mirror.bin"] = DATA
    fetch(remote(server, "set.bin", "mirror.bin"), target, patience=QUICK)
    arrived(target)
    assert server.requests[-1] == ("mirror.bin", None, None)


def test_the_mirror_that_had_begun_goes_on(server, target):
    server.files["mirror.bin"] = DATA
    server.script = [Answer(status=404), Answer(cut=2_000_000), Answer(status=404)]
    refused(remote(server, "set.bin", "mirror.bin"), target, "set.bin", "mirror.bin")
    fetch(remote(server, "set.bin", "mirror.bin"), target, patience=QUICK)
    arrived(target)
    assert server.requests[3:] == [("mirror.bin", "bytes=2000000-", '"one"')]


def test_every_mirrors_failure_is_told(server, target):
    refused(remote(server, "gone.bin", "lost.bin"), target, "gone.bin could not", "lost.bin could not")


def free(monkeypatch, amount):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": amount})())


def test_the_disk_must_hold_what_is_missing(server, target, monkeypatch):
    server.script = [Answer(cut=2_000_000), Answer(status=404)]
    refused(remote(server), target, "404")
    free(monkeypatch, 900_000)
    refused(remote(server), target, "Downloading set.bin needs about 1 MB", "Free some space")
    assert len(server.requests) == 2
    free(monkeypatch, 1_100_000)
    fetch(remote(server), target, patience=QUICK)
    arrived(target)


def test_the_servers_size_counts_for_the_disk_where_ours_is_approximate(server, target, monkeypatch):
    free(monkeypatch, 2_000_000)
    refused(remote(server, size=1_900_000, exact=False), target, "Downloading set.bin needs about 3 MB")


def test_a_full_disk_keeps_what_is_there(server, target, monkeypatch):
    def full(stream, chunk):
        raise OSError(28, "No space left on device")

    server.script = [Answer(cut=1000), Answer(status=404)]
    refused(remote(server), target, "404")
    monkeypatch.setattr("anonbench.common.partial.write_all", full)
    refused(remote(server), target, "No space left on device", "kept for the next run")
    monkeypatch.undo()
    fetch(remote(server), target, patience=QUICK)
    arrived(target)
    assert server.ranges[-1] == "bytes=1000-"


def test_the_first_digest_is_kept_and_a_change_is_told_loudly(server, target, caplog):
    fetch(remote(server, digest=None), target, patience=QUICK)
    record = target.with_name("set.bin.digest.json")
    arrived(target, beside=[record.name])
    assert json.loads(record.read_text())["digest"] == SHA256
    target.unlink()
    with caplog.at_level(logging.WARNING):
        fetch(remote(server, digest=None), target, patience=QUICK)
        assert not caplog.text
        target.unlink()
        server.files["set.bin"] = OTHER
        fetch(remote(server, digest=None), target, patience=QUICK)
    assert "HAS CHANGED" in caplog.text and SHA256 in caplog.text and str(record) in caplog.text
    arrived(target, OTHER, beside=[record.name])
    assert json.loads(record.read_text())["digest"] == SHA256


def test_a_file_behind_a_login_says_what_to_do(target):
    file = RemoteFile("set.bin", (), 5, None, login="Register at https://example.org and download set.bin.")
    refused(file, target, "set.bin is behind a login. Register at https://example.org", "`archives`")
