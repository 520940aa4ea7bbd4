"""Processes that end when whoever started them ends, in whatever way: a killed job must leave no writer behind.

There are three ways to notice. A child that runs this library asks the system for a signal (:func:`end_with_parent`). A
worker of a multiprocessing pool may have a fork server as its parent, so it waits for the pool's owner
(:func:`end_with_pool`). A command that knows nothing of this runs below a small supervisor (:func:`supervised`), which
is this very file, run as a script without the rest of the library.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # of Linux's sys/prctl.h


def end_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """Ask the system to send this process a signal when its parent ends; only Linux can, elsewhere nothing happens.

    Linux sends it when the parent's *thread* that started this process ends, and does not pass the wish on to children.

    Parameters
    ----------
    number
        What to send.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(PR_SET_PDEATHSIG, int(number))


def end_with_pool() -> None:
    """In a worker of a multiprocessing pool: end at once when the process that owns the pool has ended."""
    _when(multiprocessing.parent_process().join, lambda: os._exit(1))


def supervised(words: list[str]) -> list[str]:
    """The command that runs ``words`` and kills its whole process group once its standard input is closed.

    To be started with a pipe as standard input and in a session of its own. A parent that is killed cannot end its
    children, but the system closes its pipes. The exit status is that of ``words``; 127 where it cannot be started,
    128 + n where signal n ended it.
    """
    return [sys.executable, "-I", os.path.abspath(__file__), *words]


def _when(wait: Callable[[], object], end: Callable[[], object]) -> None:
    threading.Thread(target=lambda: (wait(), end()), daemon=True).start()


def _supervise(words: list[str]) -> int:
    # The command is to have time to end by itself after SIGTERM. A handler, unlike SIG_IGN, is not inherited.
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    except OSError as error:
        print(f"{words[0]}: {error.strerror}", file=sys.stderr)
        return 127
    _when(_input_closed, lambda: os.killpg(os.getpgrp(), signal.SIGKILL))
    status = child.wait()
    return status if status >= 0 else 128 - status


def _input_closed() -> None:
    # Read without a buffer, whose lock would trouble the interpreter's own end.
    while os.read(0, 1):
        pass


if __name__ == "__main__":
    sys.exit(_supervise(sys.argv[1:]))
