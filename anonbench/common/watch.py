"""Processes of which this one knows no more than the number: whether they live, and how they and all below them end.

A number is given to another process once its owner has ended; psutil tells the two apart by when they started.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress

import psutil

HOST = socket.gethostname()
GRACE = 10.0  # s that a process has to end after SIGTERM; a training saves what it has
_INTERVAL = 0.2  # s; a look costs 70 µs


def is_alive(process: psutil.Process) -> bool:
    """Whether a process lives; one that has ended and that nobody has reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ancestors_up_to(pid: int) -> list[psutil.Process] | None:
    """The processes above this one, its parent first, ``pid`` last; None if ``pid`` is not among them."""
    chain = psutil.Process().parents()
    numbers = [process.pid for process in chain]
    return chain[: numbers.index(pid) + 1] if pid in numbers else None


def when_one_ends(processes: Collection[psutil.Process], act: Callable[[], object]) -> None:
    """Call ``act`` in a thread of its own soon after the first of these has ended."""

    def wait() -> None:
        while all(map(is_alive, processes)):
            time.sleep(_INTERVAL)
        act()

    threading.Thread(target=wait, daemon=True).start()


def tree(process: psutil.Process) -> list[psutil.Process]:
    """A process and all below it, those lowest that were started last; empty if it has ended."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def kill(processes: Iterable[psutil.Process]) -> None:
    """End processes at once."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def end_self(grace: float = GRACE) -> None:
    """End this process and all below it: at once, or ``grace`` s later if it handles SIGTERM, which is sent first.

    To be called in another thread than the main one, where Python's handlers run.
    """
    if callable(signal.getsignal(signal.SIGTERM)):
        atexit.register(lambda: kill(tree(psutil.Process())[1:]))  # should the handler leave somebody behind
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace)
    me, *below = tree(psutil.Process())
    kill([*below, me])


def started_with(variable: str, values: Collection[str]) -> list[psutil.Process]:
    """This user's other processes in whose environment ``variable`` has one of these values."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get(variable) in values and is_alive(process):
                found.append(process)
    return found
