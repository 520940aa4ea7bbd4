"""Files that show who works: each names a process, and is locked as long as that process lives.

The system drops the lock however the process ends, so on one machine the lock tells the truth. Not every cluster's
file system carries locks to other machines (BeeGFS's default and Lustre's ``localflock`` do not). So the process also
touches its file every :data:`BEAT` seconds, and another machine believes that it lives until the file is older than
:data:`SILENCE`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from anonbench.common.errors import UserError
from anonbench.common.validation import Model
from anonbench.common.watch import HOST

BEAT = 15.0
SILENCE = 120.0
_PATIENCE = 0.5  # s; whoever only looks holds a lock for microseconds


class Worker(Model):
    """A process that works on a study: the main process of a run, or a job.

    ``task`` is a run's command line or a job's log. ``batch_job`` is its number at SLURM. ``after`` are the earlier
    runs of whose processes it is not known that they have ended.
    """

    run: str
    host: str
    pid: int
    since: str
    task: str
    batch_job: str | None = None
    after: list[str] = []

    @classmethod
    def this(cls, run: str, task: str, **more: object) -> Worker:
        """This process."""
        return cls(run=run, host=HOST, pid=os.getpid(), since=time.strftime("%Y-%m-%d %H:%M:%S"), task=task, **more)


class Record(Model):
    """What a presence file holds: who, and the file's own number, which a copy of the folder does not share."""

    inode: int
    worker: Worker


SOMEBODY = Worker(run="", host=HOST, pid=0, since="", task="")  # who has locked a file and not yet written it


class Occupied(Exception):
    """Another process holds the file."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        super().__init__(f"process {worker.pid} on {worker.host}")


class Presence:
    """A presence file that this process holds, as a context; ``last`` is who left a record there and did not clear it.

    Raises
    ------
    Occupied
        On entry, if another process holds it.
    UserError
        On entry, if the file system has no locks.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.last: Worker | None = None
        self._file: IO[str]
        self._stop = threading.Event()

    def __enter__(self) -> Presence:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(self.path, "a+", encoding="utf-8")
        try:
            with suppress(PermissionError):  # as Snakemake's own records: a group may share a study
                os.fchmod(self._file.fileno(), 0o664)
            deadline = time.monotonic() + _PATIENCE
            while not _lock(self._file, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise Occupied(at_work(self.path) or SOMEBODY)
                time.sleep(0.02)
            self.last = _read(self._file)
            if self.last and _beats_elsewhere(self.last, self._file):
                raise Occupied(self.last)
        except BaseException:
            self._file.close()
            raise
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._file.close()

    def show(self, worker: Worker) -> None:
        """Name this process."""
        self.clear()
        self._file.write(Record(inode=_inode(self._file), worker=worker).model_dump_json())
        self._file.flush()

    def clear(self) -> None:
        """Name nobody."""
        self._file.truncate(0)

    def _beat(self) -> None:
        while not self._stop.wait(BEAT):
            with suppress(OSError, ValueError):  # the latter of a file that has just been closed
                os.utime(self._file.fileno())


def at_work(path: Path) -> Worker | None:
    """Who holds a presence file; None if nobody does."""
    try:
        file = open(path, encoding="utf-8")
    except FileNotFoundError:
        return None
    with file:
        held = not _lock(file, fcntl.LOCK_SH)
        worker = _read(file)
        if held:
            return worker or SOMEBODY
        return worker if worker and _beats_elsewhere(worker, file) else None


def batch_job(environment: Mapping[str, str]) -> str | None:
    """The number of the SLURM job that a process belongs to, as ``scancel`` takes it."""
    if "SLURM_ARRAY_JOB_ID" in environment:
        return f"{environment['SLURM_ARRAY_JOB_ID']}_{environment['SLURM_ARRAY_TASK_ID']}"
    return environment.get("SLURM_JOB_ID")


def last_shown(path: Path) -> Worker | None:
    """Whom a presence file names, whether or not they still live."""
    try:
        with open(path, encoding="utf-8") as file:
            return _read(file)
    except FileNotFoundError:
        return None


def _lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        raise UserError(
            f"{file.name} cannot be locked ({error.strerror}), so two runs at once would not notice each other.",
            "Keep the study on a file system with locks, or see to it yourself and run with --nolock.",
        ) from None
    return True


def _read(file: IO[str]) -> Worker | None:
    file.seek(0)
    try:
        record = Record.model_validate_json(file.read())
    except ValidationError:
        return None
    return record.worker if record.inode == _inode(file) else None


def _inode(file: IO[str]) -> int:
    return os.fstat(file.fileno()).st_ino


def _beats_elsewhere(worker: Worker, file: IO[str]) -> bool:
    return worker.host != HOST and time.time() - os.fstat(file.fileno()).st_mtime < SILENCE
