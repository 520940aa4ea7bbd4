"""What every job of the workflow does around its work: a log file, a record, and one message for a user's mistake."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from anonbench.common.faults import explained
from anonbench.common.job_record import JobRecord, record_of_job
from anonbench.common.logs import add_log_file, log_to
from anonbench.common.machine import Usage, peak_memory, this_machine
from anonbench.common.records import write_record
from anonbench.common.stopping import Stopped
from anonbench.workflow.part import taking_part


@dataclass
class Job:
    """A running job.

    Parameters
    ----------
    log
        Writes to the job's log file and to the terminal.
    shared
        Whether the outputs were taken from the shared folder.
    """

    log: logging.Logger
    shared: bool = False


@contextmanager
def job(log: str) -> Iterator[Job]:
    """Log to ``log`` and to the terminal; end the process with one message where there is something to do about it.

    The status is 1 on a :class:`UserError`, a fault of the disk or a lack of memory
    (:func:`anonbench.common.faults.explained`), and 128 + n after signal n. Any other exception is logged with its
    traceback and raised. The process ends when its run does. A job that succeeds leaves its record
    (:class:`anonbench.common.job_record.JobRecord`) beside the log.
    """
    before = Usage.so_far()
    running = Job(log_to([]))
    try:
        with taking_part(log, running.log.error):
            resumed = _begin(Path(log))
            yield running
            _leave_record(record_of_job(log), before, running, resumed)
    except Stopped as stopped:
        running.log.warning("%s", stopped)
        sys.exit(128 + stopped.signal)
    except KeyboardInterrupt:
        running.log.warning("Interrupted.")
        sys.exit(130)
    except Exception as error:
        told = explained(error)
        if told is None:
            running.log.exception("%s failed", Path(log).stem)
            raise
        running.log.error("%s", told)
        sys.exit(1)


def _begin(log: Path) -> bool:
    """Begin the log; whether an earlier attempt ended before it was done."""
    record = record_of_job(log)
    log.parent.mkdir(parents=True, exist_ok=True)
    resumed = log.exists() and not record.exists()
    record.unlink(missing_ok=True)
    log.unlink(missing_ok=True)
    add_log_file(log)
    return resumed


def _leave_record(path: Path, before: Usage, running: Job, resumed: bool) -> None:
    """Say what the job took. As with its log, a disk that refuses it is no reason to fail."""
    after = Usage.so_far()
    record = JobRecord(
        wall=after.wall - before.wall,
        cpu=after.cpu - before.cpu,
        startup_wall=before.wall,
        startup_cpu=before.cpu,
        memory=peak_memory(),
        resumed=resumed,
        shared=running.shared,
        machine=this_machine(),
    )
    try:
        write_record(path, record)
    except OSError as error:
        running.log.warning("%s cannot be written (%s).", path, error.strerror)
