"""What a job of the workflow took: a file beside its log."""

from __future__ import annotations

from pathlib import Path

from anonbench.common.machine import Machine
from anonbench.common.records import Record


class JobRecord(Record):
    """What a finished job took, in wall-clock and CPU seconds; child processes count.

    ``wall`` and ``cpu`` are of its work, ``startup_wall`` and ``startup_cpu`` of what came before: the interpreter and
    its imports. ``memory`` is the most that the job's own process held, in bytes. ``resumed`` says that an earlier
    attempt had been killed, so that this one may have done a part of the work; ``shared`` that the outputs were taken
    from the shared folder.
    """

    wall: float
    cpu: float
    startup_wall: float
    startup_cpu: float
    memory: int
    resumed: bool = False
    shared: bool = False
    machine: Machine


def record_of_job(log: Path | str) -> Path:
    """Where the record of the job with that log is."""
    return Path(log).with_suffix(".json")
