"""A run's jobs end when its main process is told to end: Snakemake itself would wait until they are done."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

from anonbench.common.watch import GRACE, is_alive, kill, tree

_INTERRUPT = signal.SIGUSR1  # not SIGINT: a run in the background may ignore that
_INTERVAL = 0.2


@contextmanager
def ending_jobs(
    jobs: Callable[[], list[psutil.Process]], companion: subprocess.Popen, say: Callable[[str], None], command: str
) -> Iterator[None]:
    """On SIGINT or SIGTERM during the block, send SIGTERM to the jobs, and SIGKILL to what is left of them after GRACE.

    A second signal kills at once. Python's handlers run as well, and SIGTERM also raises KeyboardInterrupt, since
    Snakemake takes it as a wish to finish the running jobs. The block ends once no process of a job is left. A
    KeyboardInterrupt that leaves it, since it came while the run was ending already, becomes a plain failure.

    Parameters
    ----------
    jobs
        The processes of this machine that are jobs now.
    companion
        A process of the same group that ends by either signal: then the jobs have got it, too, and are not told again.
    say
        Told what happens.
    command
        What goes on with the run.

    Raises
    ------
    SystemExit
        With status 1, in place of such a KeyboardInterrupt.
    """
    if threading.current_thread() is not threading.main_thread():  # there are no signals elsewhere
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    attendant = _Attendant(reader, jobs, companion, say)
    attendant.start()
    # The system's own handler writes here, whatever Python handlers Snakemake installs later.
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    handler = signal.signal(_INTERRUPT, signal.default_int_handler)
    try:
        try:
            yield
        finally:
            signal.signal(_INTERRUPT, signal.SIG_IGN)  # the attendant may be about to send it
    except KeyboardInterrupt:
        raise SystemExit(1) from None
    finally:
        signal.set_wakeup_fd(before)
        os.close(writer)
        attendant.join()
        signal.signal(_INTERRUPT, handler)
        os.close(reader)
        if attendant.told:
            say(f"Stopped. What is whole is kept. To go on: {command}")


class _Attendant(threading.Thread):
    """Waits for a signal, then ends the jobs."""

    def __init__(
        self,
        reader: int,
        jobs: Callable[[], list[psutil.Process]],
        companion: subprocess.Popen,
        say: Callable[[str], None],
    ) -> None:
        super().__init__(daemon=True)
        self.told = False
        self._reader, self._jobs, self._companion, self._say = reader, jobs, companion, say

    def run(self) -> None:
        if number := self._signal(None):
            self.told = True
            jobs_know = self._group_was_told()
            self._say(f"{number.name}: the running jobs end within {GRACE:.0f} s; once more, and they end at once.")
            if number == signal.SIGTERM:
                os.kill(os.getpid(), _INTERRUPT)
            self._end(jobs_know)

    def _group_was_told(self) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._companion.wait(_INTERVAL)
        return self._companion.returncode is not None

    def _end(self, jobs_know: bool) -> None:
        kill_at = time.monotonic() + GRACE
        ending: dict[psutil.Process, set[psutil.Process]] = {}  # jobs, and what was seen below them
        closed = False
        while ending or not closed:
            for job in self._jobs():
                known = job in ending
                ending.setdefault(job, set()).update(tree(job))
                if not known and not jobs_know:
                    with suppress(psutil.NoSuchProcess):
                        job.terminate()
            for job, processes in list(ending.items()):
                if time.monotonic() >= kill_at or not is_alive(job):
                    kill(processes)
                if not any(map(is_alive, processes)):
                    del ending[job]
            if closed:
                time.sleep(_INTERVAL)
            elif number := self._signal(_INTERVAL):
                kill_at = time.monotonic()
            else:
                closed = number is None

    def _signal(self, timeout: float | None) -> signal.Signals | bool | None:
        """The next signal that ends a run; False if none comes in time, None if the block has ended."""
        while select.select([self._reader], [], [], timeout)[0]:
            byte = os.read(self._reader, 1)
            if not byte:
                return None
            if byte[0] in (signal.SIGINT, signal.SIGTERM):
                return signal.Signals(byte[0])
        return False
