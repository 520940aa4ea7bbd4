"""What earlier runs of a study left at work: nothing may start before it has ended, since it still writes."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from anonbench.common.errors import UserError
from anonbench.common.watch import HOST, started_with
from anonbench.workflow.presence import Worker, at_work, batch_job

PATIENCE = 60.0  # s; SLURM gives a cancelled job 30 to end
_INTERVAL = 0.2


def wait_for_leftovers(
    jobs: Path, variable: str, runs: Collection[str], say: Callable[[str], None], patience: float = PATIENCE
) -> None:
    """Return once no job of earlier runs is at work any more.

    Parameters
    ----------
    jobs
        The folder of the jobs' presence files; those of jobs that have ended are removed.
    variable
        The environment variable by which every process of a run knows it.
    runs
        The earlier runs that did not end by themselves.
    say
        Told at once what is waited for.
    patience
        Seconds.

    Raises
    ------
    UserError
        If they are still at work after ``patience``, with the command that ends them.
    """
    left = _leftovers(jobs, variable, runs)
    if not left:
        return
    what, command = _described(left), _ending(left)
    say(f"An earlier run left {what} at work. Waiting {patience:.0f} s; to end them: {command}")
    deadline = time.monotonic() + patience
    while left := _leftovers(jobs, variable, runs):
        if time.monotonic() > deadline:
            raise UserError(
                f"An earlier run left {_described(left)} at work in {Path.cwd()}.",
                f"Wait until they have ended, or end them with `{_ending(left)}`, and run again.",
            )
        time.sleep(_INTERVAL)


def _leftovers(jobs: Path, variable: str, runs: Collection[str]) -> list[Worker]:
    left = []
    for path in sorted(jobs.glob("*.json")):
        if worker := at_work(path):
            left.append(worker)
        else:
            path.unlink(missing_ok=True)
    known = {worker.pid for worker in left if worker.host == HOST}
    for process in started_with(variable, runs) if runs else []:
        if process.pid not in known:
            with suppress(psutil.Error):  # it has just ended
                batch = batch_job(process.environ())
                left.append(Worker(run="", host=HOST, pid=process.pid, since="", task="", batch_job=batch))
    return left


def _described(left: list[Worker]) -> str:
    batch = _unique(worker.batch_job for worker in left if worker.batch_job)
    others = [str(worker.pid) if worker.host == HOST else f"{worker.pid} on {worker.host}" for worker in _local(left)]
    found = [("SLURM job", batch), ("process", others)]
    return " and ".join(f"{name} {', '.join(numbers)}" for name, numbers in found if numbers)


def _ending(left: list[Worker]) -> str:
    """The command that ends them."""
    batch = _unique(worker.batch_job for worker in left if worker.batch_job)
    commands = [f"scancel {' '.join(batch)}"] if batch else []
    for host in _unique(worker.host for worker in _local(left)):
        command = f"kill {' '.join(str(worker.pid) for worker in _local(left) if worker.host == host)}"
        commands.append(command if host == HOST else f"ssh {host} {command}")
    return "; ".join(commands)


def _local(left: list[Worker]) -> list[Worker]:
    return [worker for worker in left if not worker.batch_job]


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
