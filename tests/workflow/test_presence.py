"""A presence file tells who works, on this machine by its lock and on others by its age."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from anonbench.common.errors import UserError
from anonbench.workflow import presence as module
from anonbench.workflow.presence import SILENCE, Occupied, Presence, Worker, at_work, batch_job, last_shown

ME = Worker.this("run", "snakemake --cores 2")
ELSEWHERE = ME.model_copy(update={"host": "another-machine"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "run.json"


def left_by(path: Path, worker: Worker, age: float = 0) -> None:
    """A record that nobody cleared, ``age`` s old."""
    with Presence(path) as presence:
        presence.show(worker)
    os.utime(path, (time.time() - age,) * 2)


def test_who_holds_a_file_is_seen_until_it_is_cleared_or_closed(path: Path) -> None:
    assert at_work(path) is None
    with Presence(path) as presence:
        assert presence.last is None
        presence.show(ME)
        assert at_work(path) == ME
        presence.clear()
        assert last_shown(path) is None
        presence.show(ME)
    assert at_work(path) is None and last_shown(path) == ME
    with Presence(path) as presence:
        assert presence.last == ME


def test_a_held_file_is_not_given_to_another(path: Path) -> None:
    with Presence(path) as presence:
        presence.show(ME)
        with pytest.raises(Occupied) as refused:
            Presence(path).__enter__()
        assert refused.value.worker == ME
        assert at_work(path) == ME


def test_whoever_only_looks_keeps_nobody_out(path: Path) -> None:
    left_by(path, ME)
    with open(path) as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert at_work(path) is None
        threading.Timer(0.1, fcntl.flock, [looking, fcntl.LOCK_UN]).start()
        with Presence(path) as presence:
            assert presence.last == ME


def test_a_file_that_is_locked_and_not_yet_written_is_somebodys(path: Path) -> None:
    with Presence(path):
        assert at_work(path) == module.SOMEBODY


def test_a_process_forked_from_the_holder_still_works(path: Path) -> None:
    with Presence(path) as presence:
        presence.show(ME)
        worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=[60])
        worker.start()
    assert at_work(path) == ME
    worker.kill()
    worker.join()
    assert at_work(path) is None


def test_a_copy_of_a_folder_knows_nothing_of_who_works_in_the_original(path: Path) -> None:
    with Presence(path) as presence:
        presence.show(ELSEWHERE)
        shutil.copytree(path.parent, path.parent.with_name("copy"))
        moved = path.parent.rename(path.parent.with_name("moved")) / path.name
    copied = path.parent.with_name("copy") / path.name
    assert at_work(moved) == ELSEWHERE and at_work(copied) is None
    with Presence(copied) as presence:
        assert presence.last is None


@pytest.mark.parametrize(("age", "lives"), [(0, True), (SILENCE - 10, True), (SILENCE + 10, False)])
def test_another_machines_process_lives_while_its_file_is_young(path: Path, age: float, lives: bool) -> None:
    left_by(path, ELSEWHERE, age)
    assert at_work(path) == (ELSEWHERE if lives else None)
    if lives:
        with pytest.raises(Occupied):
            Presence(path).__enter__()
    else:
        with Presence(path) as presence:
            assert presence.last == ELSEWHERE


def test_a_file_stays_young_while_its_process_lives(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BEAT", 0.01)
    with Presence(path) as presence:
        presence.show(ELSEWHERE)
        os.utime(path, (0, 0))
        deadline = time.monotonic() + 5
        while path.stat().st_mtime < time.time() - 60:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_a_file_system_without_locks_is_said_to_have_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(UserError, match=r"run.json cannot be locked \(No locks available\).*--nolock"):
        Presence(path).__enter__()


@pytest.mark.parametrize(
    ("environment", "number"),
    [
        ({}, None),
        ({"SLURM_JOB_ID": "7"}, "7"),
        ({"SLURM_JOB_ID": "9", "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "2"}, "7_2"),
    ],
)
def test_a_slurm_job_is_named_as_scancel_takes_it(environment: dict[str, str], number: str | None) -> None:
    assert batch_job(environment) == number
