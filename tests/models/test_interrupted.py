"""A training that is interrupted within an epoch goes on there, and ends in the bits of one that never was."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from anonbench.common import stopping
from anonbench.common.root import ROOT
from anonbench.common.stopping import Stopped
from anonbench.models.launch import start
from anonbench.models.train import train
from anonbench.models.training import Training
from anonbench.variants.variant_images import VariantFiles
from tests.helpers.interrupted import DETECTOR, POSE, after_step, same, signalled, state_of, training
from tests.helpers.toysplit import write_split

from anonbench.models.openmmlab import resuming  # isort: skip  # once the helpers have set MMEngine up

WAYS = [(POSE, 0), (POSE, 2), (DETECTOR, 0)]


@pytest.fixture(scope="module")
def split(tmp_path_factory) -> tuple[Path, VariantFiles]:
    return write_split(tmp_path_factory.mktemp("split"), images=9)


@pytest.fixture(scope="module", params=WAYS, ids=["pose", "pose, two loaders", "detector"])
def undisturbed(request, split, tmp_path_factory) -> tuple[tuple[str, int], Path]:
    out_dir = tmp_path_factory.mktemp("undisturbed") / "out"
    train(training(split, out_dir, *request.param))
    return request.param, out_dir


@pytest.mark.slow
@pytest.mark.parametrize(("number", "step"), [(signal.SIGTERM, 2), (signal.SIGINT, 7)])
def test_a_training_that_is_asked_to_end_saves_the_step_at_hand(
    undisturbed, split, tmp_path, monkeypatch, number, step
) -> None:
    way, expected = undisturbed
    with monkeypatch.context() as patch:
        after_step(patch, signalled(step, number))
        with pytest.raises(Stopped, match="goes on from its last checkpoint") as stopped:
            train(training(split, tmp_path / "out", *way))
    assert stopped.value.signal == number
    state = state_of(tmp_path / "out")
    assert state["iter"] == step and 0 < state["batches"] < 5
    assert not list((tmp_path / "out").glob("*.*"))
    steps = []
    after_step(monkeypatch, steps.append)
    train(training(split, tmp_path / "out", *way))
    assert steps[0] == step + 1 and steps == list(range(step + 1, steps[-1] + 1))
    assert same(tmp_path / "out", expected)


@pytest.mark.slow
def test_a_killed_training_goes_on_from_what_was_saved_in_time(undisturbed, split, tmp_path, monkeypatch) -> None:
    way, expected = undisturbed
    monkeypatch.setattr(stopping, "SAVE_EVERY", 0)

    def dying(step: int) -> None:
        if step == 7:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        after_step(patch, dying)
        with pytest.raises(KeyboardInterrupt):
            train(training(split, tmp_path / "out", *way))
    assert state_of(tmp_path / "out")["iter"] == 6
    train(training(split, tmp_path / "out", *way))
    assert same(tmp_path / "out", expected)


@pytest.mark.slow
def test_nothing_is_saved_within_an_epoch_that_is_not_long(split, tmp_path, monkeypatch) -> None:
    def dying(step: int) -> None:
        if step == 3:
            raise KeyboardInterrupt

    after_step(monkeypatch, dying)
    with pytest.raises(KeyboardInterrupt):
        train(training(split, tmp_path / "out"))
    assert not list((tmp_path / "out").glob("work/*/last.pth"))


@pytest.mark.slow
def test_it_is_saved_when_so_much_time_has_passed_since_the_last_saving(split, tmp_path, monkeypatch) -> None:
    now, saved = [0.0], []
    monkeypatch.setattr(stopping, "SAVE_EVERY", 300)
    monkeypatch.setattr(stopping, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(resuming, "save_state", lambda path, state: saved.append((state["iter"], state["batches"])))

    def passing(step: int) -> None:
        now[0] += 250

    after_step(monkeypatch, passing)
    train(training(split, tmp_path / "out"))
    assert saved == [(2, 2), (4, 0), (6, 2), (8, 0)]


PROGRAM = """
import sys
from anonbench.models.launch import start
from anonbench.models.training import Training
from anonbench.workflow.job import job
with job(sys.argv[1]):
    start(Training.model_validate_json(sys.argv[2]))
"""


@contextmanager
def launched(asked: Training, epochs: int) -> Iterator[subprocess.Popen]:
    """A job of the workflow that trains for a number of epochs, once its first one is saved; killed at the end."""
    config = Path(asked.model.config)
    config.write_text(config.read_text() + f"train_cfg = dict(max_epochs={epochs})\n")
    words = [sys.executable, "-c", PROGRAM, str(asked.out_dir.with_suffix(".log")), asked.model_dump_json()]
    with subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 300
            while not list(asked.out_dir.glob("work/*/last.pth")):
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.01)
            yield process
        finally:
            process.kill()


def family(process: subprocess.Popen, size: int) -> list[psutil.Process]:
    """A process and those below it, as soon as they are so many."""
    deadline = time.monotonic() + 60
    while True:
        found = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        if len(found) >= size:
            return found
        assert process.poll() is None and time.monotonic() < deadline


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "size"), [({"workers": 2}, 3), ({"gpus": 2}, 4)], ids=["two loaders", "two processes"]
)
@pytest.mark.parametrize("everybody", [False, True])
def test_a_signal_to_the_job_or_to_all_of_its_processes_ends_it_with_one_line(
    split, tmp_path, options, size, everybody
) -> None:
    """A terminal and a scheduler tell every process, ``kill`` the job's own alone."""
    with launched(training(split, tmp_path / "out", **options), 60) as process:
        below = family(process, size)
        began = time.time()
        for one in below if everybody else below[:1]:
            one.send_signal(signal.SIGTERM)
        printed = process.communicate(timeout=120)[1]
    assert process.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in printed
    assert (
        (tmp_path / "out.log")
        .read_text()
        .splitlines()[-1]
        .endswith("Stopped as asked. Run again, and the training goes on from its last checkpoint.")
    )
    assert not psutil.wait_procs(below, timeout=20)[1]
    (file,) = (tmp_path / "out").glob("work/*/last.pth")
    assert file.stat().st_mtime > began
    state = state_of(tmp_path / "out")
    assert 0 < state["epoch"] < 60
    assert len(state["processes"]) == options.get("gpus", 1)


@pytest.mark.slow
def test_two_processes_stop_after_the_same_step_and_end_in_the_same_bits(split, tmp_path) -> None:
    asked = training(split, tmp_path / "out", gpus=2)
    with launched(asked, 8) as process:
        process.terminate()
        process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGTERM
    start(asked)
    start(asked.model_copy(update={"out_dir": tmp_path / "undisturbed"}))
    assert same(tmp_path / "out", tmp_path / "undisturbed")
