"""Nothing starts before what earlier runs left at work has ended."""

from __future__ import annotations

import os
import subprocess
import uuid
from pathlib import Path

import pytest

from anonbench.common.errors import UserError
from anonbench.common.watch import HOST
from anonbench.workflow.leftovers import wait_for_leftovers
from anonbench.workflow.presence import Presence, Worker

MARK = "ANONBENCH_TEST_RUN"


def record(pid: int, host: str = "node7", batch_job: str | None = None) -> Worker:
    return Worker(run="earlier", host=host, pid=pid, since="2026-11-27", task="a.log", batch_job=batch_job)


def left(folder: Path, *workers: Worker) -> None:
    """Records that nobody removed."""
    for worker in workers:
        with Presence(folder / f"{worker.host}-{worker.pid}.json") as presence:
            presence.show(worker)


def test_what_still_works_after_a_while_stops_the_run_with_what_ends_it(tmp_path: Path) -> None:
    jobs = [record(1, batch_job="12"), record(2, batch_job="12"), record(3, "node8", "13"), record(4), record(5)]
    left(tmp_path, *jobs)
    said = []
    with pytest.raises(UserError) as stopped:
        wait_for_leftovers(tmp_path, MARK, [], said.append, patience=0)
    what, command = "SLURM job 12, 13 and process 4 on node7, 5 on node7", "scancel 12 13; ssh node7 kill 4 5"
    assert said == [f"An earlier run left {what} at work. Waiting 0 s; to end them: {command}"]
    assert what in stopped.value.problem and f"`{command}`" in stopped.value.fix
    assert len(list(tmp_path.iterdir())) == 5


def test_records_of_jobs_that_have_ended_are_removed_without_a_word(tmp_path: Path) -> None:
    left(tmp_path, record(1, HOST), record(2, HOST, "12"))
    wait_for_leftovers(tmp_path, MARK, [], pytest.fail, patience=0)
    assert not list(tmp_path.iterdir())


def test_processes_of_the_earlier_runs_are_waited_for_and_no_others(tmp_path: Path) -> None:
    runs = [uuid.uuid4().hex for _ in range(3)]
    processes = [subprocess.Popen(["sleep", "60"], env={**os.environ, MARK: run}) for run in runs]
    said = []

    def say(text: str) -> None:
        said.append(text)
        for process in processes[:2]:
            process.kill()

    wait_for_leftovers(tmp_path, MARK, runs[:2], say, patience=20)
    numbers = sorted(process.pid for process in processes[:2])
    assert f"process {numbers[0]}, {numbers[1]} at work" in said[0]
    assert processes[2].poll() is None
    for process in processes:
        process.kill()
        process.wait()
