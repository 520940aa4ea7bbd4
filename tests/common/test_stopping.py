"""A process that is asked to end notes it once; what it starts unheard never hears it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from anonbench.common import stopping
from anonbench.common.stopping import ENDING, Clock, Request, unheard


@pytest.mark.parametrize("number", ENDING)
def test_the_first_signal_is_noted_and_the_second_does_what_it_always_does(number: int) -> None:
    before = {one: signal.getsignal(one) for one in ENDING}
    with Request() as request:
        assert request.signal is None
        os.kill(os.getpid(), number)
        assert request.signal == number
        assert {one: signal.getsignal(one) for one in ENDING} == before
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_signals_are_as_before_after_a_block_without_any() -> None:
    before = {one: signal.getsignal(one) for one in ENDING}
    with Request():
        assert not [one for one in ENDING if signal.getsignal(one) == before[one]]
    assert {one: signal.getsignal(one) for one in ENDING} == before


def test_another_thread_listens_to_nothing() -> None:
    heard = []

    def listen() -> None:
        with Request() as request:
            heard.append((request.signal, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert heard == [(None, signal.default_int_handler)]


def test_what_is_started_unheard_hears_no_signal() -> None:
    code = "import signal, time; print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))"
    with unheard():
        blocked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert all(one.name in blocked for one in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1))
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_the_clock_rings_again_after_each_saving(monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr(stopping, "time", SimpleNamespace(monotonic=lambda: now[0]))
    clock = Clock()
    now[0] = stopping.SAVE_EVERY - 1
    assert not clock.rings
    now[0] += 1
    assert clock.rings
    clock.restart()
    assert not clock.rings
