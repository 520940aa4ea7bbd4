"""When a training saves what it has: every few minutes, and once more when somebody asks its process to end.

A scheduler announces the end of a job's time by SIGTERM, Ctrl-C is SIGINT. Either may come to a whole group of
processes, with those that load data for a training among them; these are started where they do not hear it
(:func:`unheard`), and end with the training.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SAVE_EVERY = 600.0  # s between two savings of a training: what is lost at most when it is killed without a word

ENDING = (signal.SIGTERM, signal.SIGINT)
FORWARDED = signal.SIGUSR1  # how a training of several processes passes the wish on to them


class Stopped(Exception):
    """A training that was asked to end by ``signal`` and can go on where it has stopped."""

    def __init__(self, signal: int) -> None:
        self.signal = signal
        super().__init__("Stopped as asked. Run again, and the training goes on from its last checkpoint.")


class Request:
    """Whether this process has been asked to end, within a ``with`` block of its main thread.

    The first signal is only noted. A second one does what it would have done without the block.

    Parameters
    ----------
    signals
        Those that ask.
    """

    def __init__(self, signals: tuple[signal.Signals, ...] = ENDING) -> None:
        self.signal: int | None = None
        self._signals = signals
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Request:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in self._signals}
        return self

    def __exit__(self, *_: object) -> None:
        while self._before:
            signal.signal(*self._before.popitem())

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        self.__exit__()


class Clock:
    """Whether :data:`SAVE_EVERY` has passed since the last saving."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """What there is has been saved."""
        self._last = time.monotonic()

    @property
    def rings(self) -> bool:
        """Whether it is time to save."""
        return time.monotonic() - self._last >= SAVE_EVERY


@contextmanager
def unheard() -> Iterator[None]:
    """Processes that are started in the block never hear the signals that ask a training to end."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*ENDING, FORWARDED})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
