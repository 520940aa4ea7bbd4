"""A job's part in a run: later runs see it, it ends when its run does, and does not start if its run has ended."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from anonbench.common.errors import UserError
from anonbench.common.watch import HOST, ancestors_up_to, end_self, when_one_ends
from anonbench.workflow.presence import Presence, Worker, at_work, batch_job, last_shown

RUN_FILE = Path(".snakemake", "anonbench", "run.json")
JOBS = RUN_FILE.parent / "jobs"

# What every process of a run knows it by, and the machine and number of the Snakemake process above.
RUN, ABOVE = "ANONBENCH_RUN", "ANONBENCH_ABOVE"


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
    where, _, pid = os.environ.get(ABOVE, "").rpartition(" ")
    if not pid:
        yield
        return
    with seen(log):
        check_run()
        if where == place():  # in a container with process numbers of its own, nobody above can be seen
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


@contextmanager
def seen(task: str) -> Iterator[None]:
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
    end_self()


def _again() -> str:
    last = last_shown(RUN_FILE)
    return f"To go on: {last.task}" if last else "To go on, run Snakemake again."


def place() -> str:
    """This machine, and on Linux the namespace in which its processes have their numbers."""
    try:
        return f"{HOST} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return HOST
