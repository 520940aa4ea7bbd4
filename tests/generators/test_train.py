"""Training a generator: what it writes, that a killed one goes on bit for bit, and how it stops when it breaks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from anonbench.common.errors import UserError
from anonbench.common.files import read_json
from anonbench.common.images import decode
from anonbench.generators import train as training
from anonbench.generators.files import Shape, build, read_generator, write_generator
from anonbench.generators.kinds import training_class
from anonbench.generators.train import Schedule, train_generator
from tests.helpers.people import NAMES, write_people

ROOT = Path(__file__).resolve().parents[2]
SCHEDULE = Schedule(epochs=4, batch=4, snapshot_every=2, max_people=100, seed=3)


def run(files: dict, out: Path, network: str = "style_unet", schedule: Schedule = SCHEDULE) -> Path:
    settings = {"network": network, "region": "body", "width": 32, "height": 64, "channels": 4}
    rest = {"device": "cpu", "precision": "float32", "threads": 1}
    train_generator(**files, out_dir=out, settings=settings, schedule=schedule, **rest)
    return out


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict:
    return write_people(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module", params=["style_unet", "context_encoder"])
def trained(request: pytest.FixtureRequest, files: dict, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return request.param, run(files, tmp_path_factory.mktemp("generator"), request.param)


def test_a_training_leaves_a_generator_a_sheet_and_a_log_with_quality(trained: tuple[str, Path]) -> None:
    network, out = trained
    _, shape = read_generator(out / "generator.safetensors", torch.device("cpu"))
    assert (shape.network, shape.width, shape.height) == (network, 32, 64)
    assert list(shape.keypoint_names) == NAMES and shape.keypoints == 3
    assert decode(out / "samples.png").shape[0] == 7 * 66
    log = read_json(out / "log.json")
    assert [record["epoch"] for record in log["snapshots"]] == [2, 4]
    assert log["people"] == 12
    for record in log["snapshots"]:
        assert all(np.isfinite(value) for value in (record["losses"] | record["quality"]).values())
    assert (log["snapshots"][-1]["quality"]["diversity"] > 0) == (network == "style_unet")
    assert sorted(path.name for path in (out / "snapshots").glob("*/*")) == [
        "epoch0002.png", "epoch0002.safetensors", "epoch0004.png", "epoch0004.safetensors",
    ]  # fmt: skip


def test_training_changes_the_generator(trained: tuple[str, Path]) -> None:
    files = sorted(trained[1].glob("snapshots/*/*.safetensors"))
    early, late = (read_generator(file, torch.device("cpu"))[0] for file in files)
    assert any(not torch.equal(a, b) for a, b in zip(early.parameters(), late.parameters(), strict=True))


def test_an_interrupted_training_ends_in_the_same_bytes(
    trained: tuple[str, Path], files: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, expected = trained

    class Killed(BaseException):
        pass

    step = training_class(network).step

    def dying(self, number, *rest):
        if number == 8:  # two steps after the snapshot of the second epoch
            raise Killed
        return step(self, number, *rest)

    monkeypatch.setattr(training_class(network), "step", dying)
    with pytest.raises(Killed):
        run(files, tmp_path, network)
    assert not list(tmp_path.glob("*.*"))
    steps = []

    def counting(self, number, *rest):
        steps.append(number)
        return step(self, number, *rest)

    monkeypatch.setattr(training_class(network), "step", counting)
    run(files, tmp_path, network)
    assert steps == list(range(6, 12))
    for name in ("generator.safetensors", "samples.png", "log.json"):
        assert (tmp_path / name).read_bytes() == (expected / name).read_bytes()


def test_a_snapshot_of_other_people_is_not_taken_up(
    files: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = Schedule(epochs=1, batch=4, snapshot_every=1, max_people=100, seed=3)
    out = run(files, tmp_path / "out", schedule=short)
    first = (out / "generator.safetensors").read_bytes()
    others = write_people(tmp_path / "others", seed=1)
    monkeypatch.setattr(training, "_resume", lambda *_: pytest.fail("resumed") if list(_[0].iterdir()) else (0, [], {}))
    run(others, out, schedule=short)
    assert (out / "generator.safetensors").read_bytes() != first
    assert len(list((out / "snapshots").iterdir())) == 1


@pytest.mark.parametrize("network", ["style_unet", "context_encoder"])
def test_a_loss_that_is_not_finite_stops_the_training(
    files: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: str
) -> None:
    originals = training.originals
    monkeypatch.setattr(training, "originals", lambda views: originals(views) * torch.nan)
    with pytest.raises(UserError, match=r"broke at step 1: not finite: .*l1"):
        run(files, tmp_path / "gan_of_mine", network)
    assert not list(tmp_path.glob("gan_of_mine/*.*"))


def test_no_usable_people_is_one_clear_message(tmp_path: Path) -> None:
    files = write_people(tmp_path / "people", images=1)
    regions = read_json(files["regions"])
    for image in regions["images"]:
        image["regions"] = []
    files["regions"].write_text(json.dumps(regions))
    with pytest.raises(UserError, match="no region that is large enough"):
        run(files, tmp_path / "out")


def test_a_size_that_cannot_be_halved_is_one_clear_message(files: dict, tmp_path: Path) -> None:
    settings = {"network": "style_unet", "region": "body", "width": 50, "height": 100, "channels": 4}
    rest = {"device": "cpu", "precision": "float32", "threads": 1}
    with pytest.raises(UserError, match="multiples of 16 px, got 50 x 100"):
        train_generator(**files, out_dir=tmp_path, settings=settings, schedule=SCHEDULE, **rest)


def test_a_killed_process_leaves_no_generator(files: dict, tmp_path: Path) -> None:
    code = f"""
from tests.generators.test_train import run, Schedule
from pathlib import Path
files = {{key: Path(value) for key, value in {dict((k, str(v)) for k, v in files.items())!r}.items()}}
run(files, Path({str(tmp_path)!r}), schedule=Schedule(1000, 4, 1, 100, 0))
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.time() + 120
    while not list(tmp_path.glob("snapshots/*/state.pt")) and time.time() < deadline:
        assert process.poll() is None
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list(tmp_path.glob("snapshots/*/state.pt"))
    assert not list(tmp_path.glob("*.*"))
    assert not [p for p in tmp_path.rglob("*.part")]


def test_a_generator_says_its_shape(tmp_path: Path) -> None:
    shape = Shape(network="style_unet", region="face", width=32, height=32, channels=4)
    write_generator(tmp_path / "g.safetensors", build(shape), shape)
    assert read_generator(tmp_path / "g.safetensors", torch.device("cpu"))[1] == shape


def _pickle(path: Path) -> None:
    torch.save({"a": torch.zeros(3)}, path)


def _truncated(path: Path) -> None:
    shape = Shape(network="style_unet", region="face", width=32, height=32, channels=4)
    write_generator(path, build(shape), shape)
    path.write_bytes(path.read_bytes()[:-100])


def _without_shape(path: Path) -> None:
    save_file({"a": torch.zeros(3)}, path)


def _of_another_shape(path: Path) -> None:
    shape = Shape(network="style_unet", region="face", width=32, height=32, channels=4)
    write_generator(path, build(shape), shape.model_copy(update={"channels": 8}))


@pytest.mark.parametrize("spoil", [_pickle, _truncated, _without_shape, _of_another_shape])
def test_a_foreign_file_is_refused(tmp_path: Path, spoil) -> None:
    spoil(tmp_path / "g.safetensors")
    with pytest.raises(UserError, match="g.safetensors is not a generator of this version"):
        read_generator(tmp_path / "g.safetensors", torch.device("cpu"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none.safetensors does not exist"):
        read_generator(tmp_path / "none.safetensors", torch.device("cpu"))


def test_only_large_generators_begin_at_half_the_size() -> None:
    def halved(width: int, height: int) -> float:
        shape = Shape(network="style_unet", region="face", width=width, height=height, channels=4)
        return training_class("style_unet")(shape, 10).half_sized

    assert [halved(128, 128), halved(96, 128), halved(32, 64)] == [5, 0, 0]
