"""One run at a time works in a study's folder, and its jobs end with it.

Three kinds of processes meet here. A run's *main* process holds ``run.json``. The *Snakemake* processes, the main one
and those that a cluster starts for single jobs, name themselves to the processes below them. A *job* holds a file in
``jobs/``, ends when the Snakemake process above it ends, and does not start if its run has ended.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from pathlib import Path
from typing import TypeVar

import psutil

from anonbench.common.errors import UserError
from anonbench.common.watch import HOST
from anonbench.workflow.companion import companion
from anonbench.workflow.ending import ending_jobs
from anonbench.workflow.leftovers import wait_for_leftovers
from anonbench.workflow.part import ABOVE, JOBS, RUN, RUN_FILE, check_run, place, seen
from anonbench.workflow.presence import Occupied, Presence, Worker, at_work

T = TypeVar("T")


def guarded(function: Callable[..., T], guard: Callable[..., AbstractContextManager[None]]) -> Callable[..., T]:
    """A function that runs within ``guard``, which is called with the same arguments."""

    @wraps(function)
    def run(*args: object, **kwargs: object) -> T:
        with guard(*args, **kwargs):
            return function(*args, **kwargs)

    return run


@contextmanager
def sole_run(command: str, say: Callable[[str], None]) -> Iterator[None]:
    """Be the one run that works in the current folder, once what an earlier one left at work has ended.

    Parameters
    ----------
    command
        This process's command line.
    say
        Told of an earlier run that was killed, and what is waited for.

    Raises
    ------
    UserError
        If another run works here, or jobs of an earlier one do not end.
    """
    try:
        with Presence(RUN_FILE) as presence:
            run, before = uuid.uuid4().hex, presence.last
            if before:
                say(f"The run of {before.since} ({_who(before)}) did not end by itself. This one goes on from there.")
            runs = [before.run, *before.after] if before else []
            # On the way out of a failure the file keeps those runs for the next one to look for.
            presence.show(Worker.this(run, command, after=runs))
            wait_for_leftovers(JOBS, RUN, runs, say)
            presence.show(Worker.this(run, command))
            os.environ[RUN] = run
            try:
                yield
            finally:
                os.environ.pop(RUN)
                presence.clear()
    except Occupied as occupied:
        other = occupied.worker
        raise UserError(
            f"Another run works in {Path.cwd()} since {other.since}: {_who(other)}, `{other.task}`.",
            "Wait until it has ended, or end it, and run again.",
        ) from None


@contextmanager
def ending_with_this(say: Callable[[str], None], command: str) -> Iterator[None]:
    """In the main process: the jobs that it starts on this machine end with it, and when it is told to end.

    Parameters
    ----------
    say
        Told what happens.
    command
        This process's command line, which goes on with the run.
    """
    with _above() as above, companion(ABOVE, above, JOBS.absolute()) as beside:
        try:
            with ending_jobs(_jobs_below, beside, say, command):
                yield
        finally:
            beside.kill()


@contextmanager
def submitted(command: str) -> Iterator[None]:
    """In a Snakemake process that a cluster starts for a job: be seen by later runs; the job ends with it.

    Raises
    ------
    UserError
        If the run that submitted the job has ended.
    """
    with seen(command), _above():
        check_run()
        yield


def other_run() -> str | None:
    """The run that works in the current folder, in words."""
    other = at_work(RUN_FILE)
    return f"{_who(other)}, since {other.since}" if other else None


@contextmanager
def _above() -> Iterator[str]:
    """Name this process to those that it starts, by what is yielded."""
    before = os.environ.get(ABOVE)
    os.environ[ABOVE] = f"{place()} {os.getpid()}"
    try:
        yield os.environ[ABOVE]
    finally:
        os.environ.pop(ABOVE)
        if before is not None:
            os.environ[ABOVE] = before


def _jobs_below() -> list[psutil.Process]:
    below = {process.pid: process for process in psutil.Process().children(recursive=True)}
    workers = [worker for path in JOBS.glob("*.json") if (worker := at_work(path)) and worker.host == HOST]
    return [below[worker.pid] for worker in workers if worker.pid in below]


def _who(worker: Worker) -> str:
    return f"process {worker.pid} on {worker.host}"
