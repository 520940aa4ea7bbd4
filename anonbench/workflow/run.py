"""One run at a time works in a study's folder, and its jobs end with it.

Three kinds of processes meet here. A run's *main* process holds ``run.json``. The *Snakemake* processes, the main one
and those that a cluster starts for single jobs, name themselves to the processes below them. A *job* holds a file in
``jobs/``, ends when the Snakemake process above it ends, and does not start if its run has ended.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import TypeVar

import psutil

from anonbench.common.errors import UserError
from anonbench.common.watch import HOST, ancestors_up_to, end_self, when_one_ends
from anonbench.workflow.companion import companion
from anonbench.workflow.ending import GRACE, ending_jobs
from anonbench.workflow.leftovers import wait_for_leftovers
from anonbench.workflow.presence import Occupied, Presence, Worker, at_work, batch_job, last_shown

RUN_FILE = Path(".snakemake", "anonbench", "run.json")
JOBS = RUN_FILE.parent / "jobs"

T = TypeVar("T")

# What every process of a run knows it by, and the machine and number of the Snakemake process above.
RUN, ABOVE = "ANONBENCH_RUN", "ANONBENCH_ABOVE"


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
    with _seen(command), _above():
        check_run()
        yield


@contextmanager
def taking_part(log: str, tell: Callable[[str], None]) -> Iterator[None]:
    """In a job: be seen by later runs, and end when the Snakemake process above does; nothing without one.

    Parameters
    ----------
    log
        The job's log.
    tell
        Told why it ends.

    Raises
    ------
    UserError
        If that process, or the run, has ended already.
    """
    place, _, pid = os.environ.get(ABOVE, "").rpartition(" ")
    if not pid:
        yield
        return
    with _seen(log):
        check_run()
        if place == _place():  # in a container with process numbers of its own, nobody above can be seen
            above = ancestors_up_to(int(pid))
            if above is None:
                raise UserError("The Snakemake process that started this job has ended.", _again())
            when_one_ends(above, partial(_end, tell))
        yield


def check_run() -> None:
    """Let no job start that a cluster's queue kept until its run had ended.

    Raises
    ------
    UserError
        If the run that started this process has ended.
    """
    run = os.environ.get(RUN)
    lives = at_work(RUN_FILE)
    if run and not (lives and lives.run == run):
        raise UserError("The run that submitted this job has ended, and the job touches nothing.", _again())


def other_run() -> str | None:
    """The run that works in the current folder, in words."""
    other = at_work(RUN_FILE)
    return f"{_who(other)}, since {other.since}" if other else None


@contextmanager
def _above() -> Iterator[str]:
    """Name this process to those that it starts, by what is yielded."""
    before = os.environ.get(ABOVE)
    os.environ[ABOVE] = f"{_place()} {os.getpid()}"
    try:
        yield os.environ[ABOVE]
    finally:
        os.environ.pop(ABOVE)
        if before is not None:
            os.environ[ABOVE] = before


@contextmanager
def _seen(task: str) -> Iterator[None]:
    """Be seen by later runs."""
    with Presence(JOBS / f"{HOST}-{os.getpid()}.json") as presence:
        presence.show(Worker.this(os.environ.get(RUN, ""), task, batch_job=batch_job(os.environ)))
        try:
            yield
        finally:
            presence.path.unlink(missing_ok=True)


def _end(tell: Callable[[str], None]) -> None:
    # In a thread of its own: whoever should read what it says may have stopped reading.
    message = f"The run has ended, and this job with it. {_again()}"
    threading.Thread(target=tell, args=[message], daemon=True).start()
    end_self(GRACE)


def _again() -> str:
    last = last_shown(RUN_FILE)
    return f"To go on: {last.task}" if last else "To go on, run Snakemake again."


def _jobs_below() -> list[psutil.Process]:
    below = {process.pid: process for process in psutil.Process().children(recursive=True)}
    workers = [worker for path in JOBS.glob("*.json") if (worker := at_work(path)) and worker.host == HOST]
    return [below[worker.pid] for worker in workers if worker.pid in below]


def _who(worker: Worker) -> str:
    return f"process {worker.pid} on {worker.host}"


def _place() -> str:
    """This machine, and on Linux the namespace in which its processes have their numbers."""
    try:
        return f"{HOST} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return HOST
