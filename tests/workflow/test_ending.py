"""When a run is told to end, so are its jobs, and none of them outlives the grace."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from anonbench.common.root import ROOT
from tests.helpers.ended import has_ended

# A main process that waits for one job, as Snakemake does; SIGTERM alone does not end its waiting.
MAIN = """
import signal, subprocess, sys, time
from pathlib import Path
import psutil
from anonbench.workflow import ending

ending.GRACE = float(sys.argv[1])
signal.signal(signal.SIGTERM, lambda *_: print("waits for its jobs", flush=True))

def jobs():
    return [job_process] if job_process.is_running() else []

def say(text):
    print(text, flush=True)

companion = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
with companion, ending.ending_jobs(jobs, companion, say, "snakemake all"):
    job = subprocess.Popen([sys.executable, "-c", sys.argv[2], *sys.argv[3:]])
    job_process = psutil.Process(job.pid)
    try:
        job.wait()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        job.wait()
"""
# A run that ends by itself in the moment in which it is told to, or that has no one to take the interrupt.
ENDING = """
import signal, subprocess, sys, time
from anonbench.workflow import ending

ending._INTERVAL = 0.5
signal.signal(signal.SIGTERM, lambda *_: None)
companion = subprocess.Popen(["sleep", "60"])
try:
    with ending.ending_jobs(list, companion, lambda text: print(text, flush=True), "snakemake all"):
        signal.raise_signal(signal.SIGTERM)
        time.sleep(float(sys.argv[1]))
finally:
    companion.kill()
"""
JOB = """
import os, signal, subprocess, sys, time
child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL)
if sys.argv[2] == "stubborn":
    signal.signal(signal.SIGTERM, lambda *_: None)
open(sys.argv[1], "w").write(f"{os.getpid()} {child.pid}")
while True:
    time.sleep(60)
"""


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[float, str], tuple[subprocess.Popen, list[int]]]]:
    """Start the main process with a grace in s and a kind of job; the job's processes."""
    mains = []

    def start(grace: float, kind: str) -> tuple[subprocess.Popen, list[int]]:
        process, pids = _started(tmp_path, grace, kind)
        mains.append(process)
        return process, pids

    yield start
    for process in mains:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _started(folder: Path, grace: float, kind: str) -> tuple[subprocess.Popen, list[int]]:
    """The main process, and its job's processes."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, str(grace), JOB, str(folder / "pids"), kind],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN if kind == "background" else signal.SIG_DFL),
    )  # fmt: skip
    pids = folder / "pids"
    deadline = time.monotonic() + 30
    while not (pids.exists() and " " in pids.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process, [int(pid) for pid in pids.read_text().split()]


@pytest.mark.parametrize("kind", ["stubborn", "ordinary", "background"])
def test_a_job_and_what_it_started_end_within_the_grace(started, kind: str) -> None:
    process, pids = started(1.0 if kind == "stubborn" else 60.0, kind)
    if kind == "background":  # where Ctrl-C is another command's
        ignored = re.search(r"SigIgn:\s+(\w+)", Path(f"/proc/{process.pid}/status").read_text()).group(1)
        assert int(ignored, 16) >> (signal.SIGINT - 1) & 1
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=60)
    assert "SIGTERM: the running jobs end" in printed and "SIGINT" not in printed
    assert all(map(has_ended, pids))
    assert "waits for its jobs" in printed and "interrupted" in printed
    assert printed.endswith("To go on: snakemake all\n")


def test_without_a_signal_nothing_is_said_and_nobody_ended(started) -> None:
    process, (job, child) = started(60.0, "ordinary")
    os.kill(job, signal.SIGKILL)
    printed, _ = process.communicate(timeout=60)
    assert printed == "" and psutil.Process(child).status() == psutil.STATUS_SLEEPING
    os.kill(child, signal.SIGKILL)


def test_a_second_signal_ends_a_stubborn_job_without_grace(started) -> None:
    process, pids = started(600.0, "stubborn")
    process.send_signal(signal.SIGINT)
    said = sorted(process.stdout.readline() for _ in range(2))
    assert said == ["SIGINT: the running jobs end within 600 s; once more, and they end at once.\n", "interrupted\n"]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert all(map(has_ended, pids))


@pytest.mark.parametrize(("seconds", "status"), [(0, 0), (60, 1)])
def test_an_interrupt_that_comes_while_the_run_ends_does_not_kill_it(seconds: int, status: int) -> None:
    """Python ends by SIGINT, as if it had crashed, where nobody catches a KeyboardInterrupt."""
    ended = subprocess.run(
        [sys.executable, "-c", ENDING, str(seconds)], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (status, "")
    assert ended.stdout.endswith("To go on: snakemake all\n")
