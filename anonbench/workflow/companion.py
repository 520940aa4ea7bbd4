"""A process beside a run's main process, in its process group, which knows two things that the main process cannot.

Whether a signal went to the whole group, jobs included, as Ctrl-C does: then it has ended as well. And that the main
process has ended, in whatever way: then its input is closed, and it kills what that process started and what does not
end by itself. Those are jobs that are still importing, and the jobs of other rules.

This file runs as a script without the rest of the library.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path


def companion(variable: str, value: str, jobs: Path) -> subprocess.Popen:
    """Start the companion of this process; the caller keeps its input open, and kills it in the end.

    Parameters
    ----------
    variable, value
        What is in the environment of all that this process starts.
    jobs
        The folder whose files end in the number of a process that ends by itself, as do those below it.
    """
    words = [sys.executable, "-I", os.path.abspath(__file__), variable, value, str(jobs)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def _main(variable: str, value: str, jobs: str) -> None:
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # as a run in the background may do
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    while os.read(0, 1):
        pass
    import psutil

    # A cluster's job inherits the environment as well, but not the session.
    started = []
    for process in psutil.process_iter():
        try:
            alike = process.environ().get(variable) == value and os.getsid(process.pid) == os.getsid(0)
        except (psutil.Error, ProcessLookupError):
            continue
        if alike and process.pid != os.getpid():
            started.append(process)
    alone = {int(path.stem.rpartition("-")[2]) for path in Path(jobs).glob("*.json")}
    for process in started:
        try:
            if process.pid not in alone and alone.isdisjoint(_above(process)):
                process.kill()
        except psutil.NoSuchProcess:
            pass


def _above(process) -> Iterable[int]:
    return (parent.pid for parent in process.parents())


if __name__ == "__main__":
    _main(*sys.argv[1:])
