"""Training a generator: what it writes, that a killed one resumes bit for bit, and how it stops when it breaks."""

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

from anonbench.common import stopping
from anonbench.common.errors import UserError
from anonbench.common.files import read_json
from anonbench.common.images import decode
from anonbench.common.root import ROOT
from anonbench.common.stopping import Stopped
from anonbench.generators.files import read_generator
from anonbench.regions.landmarks import LANDMARKS
from tests.helpers.people import NAMES, train, watched, write_people

BOTH = ["style_unet", "context_encoder"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_people(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module", params=BOTH)
def trained(request: pytest.FixtureRequest, files: dict, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return request.param, train(files, tmp_path_factory.mktemp("generator"), request.param)


def test_a_training_leaves_a_generator_a_sheet_and_a_log_with_quality(trained: tuple[str, Path]) -> None:
    kind, out = trained
    _, shape = read_generator(out / "generator.safetensors", torch.device("cpu"))
    assert (shape.kind, shape.region, shape.width, shape.height, shape.channels) == (kind, "body", 32, 64, 4)
    assert list(shape.keypoint_names) == NAMES and shape.keypoints == 3
    assert decode(out / "samples.png").shape[0] == 7 * 66
    log = read_json(out / "log.json")
    assert [record["epoch"] for record in log["snapshots"]] == [2, 4]
    assert log["people"] == 12
    for record in log["snapshots"]:
        assert all(np.isfinite(value) for value in (record["losses"] | record["quality"]).values())
    assert (log["snapshots"][-1]["quality"]["diversity"] > 0) == (kind == "style_unet")
    assert sorted(path.name for path in (out / "snapshots").glob("*/*")) == [
        "epoch0002.png", "epoch0002.safetensors", "epoch0004.png", "epoch0004.safetensors",
    ]  # fmt: skip


def test_training_changes_the_generator(trained: tuple[str, Path]) -> None:
    files = sorted(trained[1].glob("snapshots/*/*.safetensors"))
    early, late = (read_generator(file, torch.device("cpu"))[0] for file in files)
    assert any(not torch.equal(a, b) for a, b in zip(early.parameters(), late.parameters(), strict=True))


def test_an_interrupted_training_ends_in_the_same_bytes(trained: tuple[str, Path], files: dict, tmp_path: Path) -> None:
    kind, expected = trained

    class Killed(BaseException):
        pass

    def dying(number, *rest):
        if number == 8:  # two steps after the snapshot of the second epoch
            raise Killed

    with pytest.raises(Killed):
        train(files, tmp_path, watched(kind, dying))
    assert not list(tmp_path.glob("*.*"))
    steps = []
    train(files, tmp_path, watched(kind, lambda number, *rest: steps.append(number)))
    assert steps == list(range(6, 12))
    assert_same(tmp_path, expected)


def assert_same(out: Path, expected: Path) -> None:
    for name in ("generator.safetensors", "samples.png", "log.json"):
        assert (out / name).read_bytes() == (expected / name).read_bytes()
    assert not list(out.glob("snapshots/*/*.pt"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_training_that_is_asked_to_end_saves_the_step_at_hand(
    trained: tuple[str, Path], files: dict, tmp_path: Path, number: int
) -> None:
    kind, expected = trained
    steps: list[int] = []

    def asked(step, *rest):
        steps.append(step)
        if step == 7:
            os.kill(os.getpid(), number)

    with pytest.raises(Stopped) as stopped:
        train(files, tmp_path, watched(kind, asked))
    assert stopped.value.signal == number and steps == list(range(8))
    assert not list(tmp_path.glob("*.*"))
    train(files, tmp_path, watched(kind, lambda step, *rest: steps.append(step)))
    assert steps == list(range(12))
    assert_same(tmp_path, expected)


def die_in_the_ninth_step(kind: str, files: dict, folder: Path) -> None:
    def dying(number, *rest):
        if number == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(files, folder, watched(kind, dying))


def test_a_killed_training_resumes_from_what_was_saved_in_time(
    trained: tuple[str, Path], files: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, expected = trained
    monkeypatch.setattr(stopping, "SAVE_EVERY", 0)
    die_in_the_ninth_step(kind, files, tmp_path)
    steps = []
    train(files, tmp_path, watched(kind, lambda number, *rest: steps.append(number)))
    assert steps == list(range(8, 12))
    assert_same(tmp_path, expected)


def test_a_training_that_is_asked_to_end_at_its_end_ends(files: dict, tmp_path: Path) -> None:
    def asked(number, *rest):
        if number == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    train(files, tmp_path, watched("context_encoder", asked, epochs=1))
    assert (tmp_path / "log.json").exists() and not list(tmp_path.glob("snapshots/*/*.pt"))


def test_a_damaged_state_gives_way_to_the_one_before(
    trained: tuple[str, Path], files: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, expected = trained
    monkeypatch.setattr(stopping, "SAVE_EVERY", 0)
    die_in_the_ninth_step(kind, files, tmp_path)
    (state,) = tmp_path.glob("snapshots/*/state.pt")
    state.write_bytes(state.read_bytes()[:-1000])
    steps = []
    train(files, tmp_path, watched(kind, lambda number, *rest: steps.append(number)))
    assert steps == list(range(7, 12))
    assert_same(tmp_path, expected)


@pytest.mark.parametrize(("changes", "resumes"), [({}, True), ({"seed": 4}, False), ({"texture": "mean"}, False)])
def test_only_a_training_of_the_same_configuration_is_resumed(
    files: dict, tmp_path: Path, changes: dict, resumes: bool
) -> None:
    def dying(number, *rest):
        if number == 3:
            raise KeyboardInterrupt

    short = {"epochs": 2, "snapshot_every": 1}
    with pytest.raises(KeyboardInterrupt):
        train(files, tmp_path, watched("style_unet", dying, **short))
    steps = []
    train(files, tmp_path, watched("style_unet", lambda number, *rest: steps.append(number), **short, **changes))
    assert steps == list(range(3 if resumes else 0, 6))
    assert len(list((tmp_path / "snapshots").iterdir())) == 1


@pytest.mark.parametrize("changed", [{"annotations", "regions", "images_dir"}, {"regions"}])
def test_a_snapshot_of_other_people_is_not_resumed(files: dict, tmp_path: Path, changed: set[str]) -> None:
    def dying(number, *rest):
        if number == 3:
            raise KeyboardInterrupt

    short = {"epochs": 2, "snapshot_every": 1}
    with pytest.raises(KeyboardInterrupt):
        train(files, tmp_path / "out", watched("style_unet", dying, **short))
    others = write_people(tmp_path / "others", seed=1)
    steps = []
    train(
        files | {key: others[key] for key in changed},
        tmp_path / "out",
        watched("style_unet", lambda number, *rest: steps.append(number), **short),
    )
    assert steps == list(range(6))
    assert len(list((tmp_path / "out" / "snapshots").iterdir())) == 1


@pytest.mark.parametrize("kind", BOTH)
def test_a_loss_that_is_not_finite_stops_the_training(files: dict, tmp_path: Path, kind: str) -> None:
    def spoiling(number, given, real, random):
        real *= torch.nan

    with pytest.raises(UserError, match=r"broke at step 1: not finite: .*l1"):
        train(files, tmp_path / "mine", watched(kind, spoiling))
    assert not list(tmp_path.glob("mine/*.*"))


def test_no_usable_people_is_one_clear_message(tmp_path: Path) -> None:
    files = write_people(tmp_path / "people", images=1)
    regions = read_json(files["regions"])
    for image in regions["images"]:
        image["regions"] = []
    files["regions"].write_text(json.dumps(regions))
    with pytest.raises(UserError, match="no region that is large enough"):
        train(files, tmp_path / "out")


@pytest.mark.parametrize("kind", BOTH)
def test_a_size_that_cannot_be_halved_is_one_clear_message(files: dict, tmp_path: Path, kind: str) -> None:
    with pytest.raises(UserError, match=f"{kind} needs a width and height that are multiples of 16 px, got 50 x 100"):
        train(files, tmp_path, kind, width=50, height=100)


def test_a_face_generator_reads_landmarks(files: dict, tmp_path: Path) -> None:
    out = train(files, tmp_path, region="face", width=32, height=32, epochs=1)
    assert read_generator(out / "generator.safetensors", torch.device("cpu"))[1].keypoint_names == LANDMARKS


def test_a_killed_process_leaves_no_generator(files: dict, tmp_path: Path) -> None:
    code = f"""
from tests.helpers.people import train, watched
from pathlib import Path
files = {{key: Path(value) for key, value in {dict((k, str(v)) for k, v in files.items())!r}.items()}}
train(files, Path({str(tmp_path)!r}), epochs=1000, snapshot_every=1)
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


@pytest.mark.parametrize("damage", [lambda data: data[:-50] + bytes(50), lambda data: data[: len(data) // 2], None])
def test_an_image_that_is_not_the_annotated_one_is_named(tmp_path: Path, damage) -> None:
    files = write_people(tmp_path / "people", images=2)
    path = files["images_dir"] / "im 1.png"
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=f"The image {path} (is not the one|cannot be read)"):
        train(files, tmp_path / "out", "context_encoder")
