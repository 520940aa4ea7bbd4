"""Weights from outside: verified, and never unpickled but for tensors."""

import functools
import http.server
import os
import pickle
import threading

import pytest
import torch
from safetensors.torch import load_file

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file
from anonbench.common.tensors import read_tensors
from anonbench.config.weights import WeightsConfig
from anonbench.models.weights import fetch_weights

STATE = {"conv.weight": torch.arange(6.0).view(2, 3), "bn.num_batches_tracked": torch.tensor(7)}


class Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def address(tmp_path):
    """Serves ``tmp_path`` on the loopback interface."""
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_tensors_arrive_under_their_names(tmp_path, address, wrapped, legacy):
    content = {"meta": {"epoch": 12, "classes": ["a"]}, "state_dict": STATE} if wrapped else STATE
    torch.save(content, tmp_path / "w.pth", _use_new_zipfile_serialization=not legacy)
    sha256, target = sha256_file(tmp_path / "w.pth"), tmp_path / "out" / "w.safetensors"
    fetch(f"{address}/w.pth", sha256[:8], target)
    loaded = load_file(target)
    assert loaded.keys() == STATE.keys() and all(torch.equal(loaded[k], v) for k, v in STATE.items())
    assert read_tensors(target)[1] == {"url": f"{address}/w.pth", "sha256": sha256}
    assert [path.name for path in target.parent.iterdir()] == ["w.safetensors"]


def test_tensors_that_share_memory(tmp_path):
    shared = torch.arange(4.0)
    torch.save({"a": shared, "b": shared.view(2, 2).t()}, tmp_path / "w.pth")
    fetch("http://x", sha256_file(tmp_path / "w.pth"), tmp_path / "o", file=tmp_path / "w.pth")
    assert torch.equal(load_file(tmp_path / "o")["b"], shared.view(2, 2).t())


def fetch(url, sha256, target, file=None):
    fetch_weights(WeightsConfig(url=url, sha256=sha256, file=file and str(file)), target)


def refused(tmp_path, match, sha256=None):
    file = tmp_path / "w.pth"
    with pytest.raises(UserError, match=match):
        fetch("http://x", sha256 or sha256_file(file), tmp_path / "out" / "o", file=file)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrapped", [False, True])
def test_code_in_a_file_never_runs(tmp_path, wrapped):
    payload = {**STATE, "x": Payload(tmp_path / "ran")}
    torch.save({"state_dict": payload} if wrapped else payload, tmp_path / "w.pth")
    refused(tmp_path, "does not hold weights alone")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"no weights", pickle.dumps({"a": 1}), b"PK\x03\x04broken"])
def test_files_of_other_kinds(tmp_path, content):
    (tmp_path / "w.pth").write_bytes(content)
    refused(tmp_path, "does not hold weights alone|holds no tensors")


def test_a_wrong_hash(tmp_path):
    torch.save(STATE, tmp_path / "w.pth")
    refused(tmp_path, "wrong checksum", sha256="0" * 8)


def test_an_address_that_answers_nothing(tmp_path, address):
    with pytest.raises(UserError, match="could not be downloaded.*404"):
        fetch(f"{address}/missing.pth", "0" * 8, tmp_path / "o")
