"""Processes that are not this one's children are watched, told apart and ended."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path

import psutil
import pytest

from anonbench.common.root import ROOT
from anonbench.common.watch import ancestors_up_to, is_alive, kill, started_with, tree, when_one_ends
from tests.common.test_processes import pid_in, start
from tests.helpers.ended import has_ended

# Each ends with the chain up to the test's child; the middle one stands for a shell or a container's starter.
BOTTOM = """
import os, sys, time
from anonbench.common.watch import ancestors_up_to, end_self, when_one_ends
when_one_ends(ancestors_up_to(int(sys.argv[1])), lambda: end_self(0.2))
open(sys.argv[2], "w").write(str(os.getpid()))
time.sleep(60)
"""
MIDDLE = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"
TOP = f"""
import os, subprocess, sys
middle = subprocess.Popen([sys.executable, "-c", {MIDDLE!r}, {BOTTOM!r}, str(os.getpid()), sys.argv[1] + "/bottom"])
open(sys.argv[1] + "/middle", "w").write(str(middle.pid))
middle.wait()
"""


@pytest.mark.parametrize("victim", ["top", "middle"])
def test_a_process_ends_with_any_one_above_it(tmp_path: Path, victim: str) -> None:
    top = start("-c", TOP, str(tmp_path))
    middle, bottom = (pid_in(tmp_path / name, top) for name in ("middle", "bottom"))
    os.kill(top.pid if victim == "top" else middle, 9)
    assert has_ended(bottom)
    if victim == "middle":
        top.wait(5)
    else:
        os.kill(middle, 9)  # it knows nothing of this
        top.wait(5)


def test_a_process_that_nobody_reaps_does_not_live() -> None:
    process = subprocess.Popen(["true"])
    seen = psutil.Process(process.pid)
    while seen.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert not is_alive(seen)
    process.wait()
    assert not is_alive(seen)
    assert is_alive(psutil.Process())


def test_ancestors_end_with_the_one_asked_for() -> None:
    parent = os.getppid()
    assert [process.pid for process in ancestors_up_to(parent)] == [parent]
    child = subprocess.Popen(["sleep", "60"])
    assert ancestors_up_to(child.pid) is None
    child.kill()
    child.wait()


def test_a_tree_is_killed_as_a_whole(tmp_path: Path) -> None:
    top = start("-c", MIDDLE, "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)",
                str(tmp_path / "pid"))  # fmt: skip
    below = pid_in(tmp_path / "pid", top)
    processes = tree(psutil.Process(top.pid))
    assert {process.pid for process in processes} == {top.pid, below}
    kill(processes)
    assert top.wait(5) == -9 and has_ended(below)
    kill(processes)  # who has ended is no error
    assert tree(processes[0]) == []


def test_one_that_ends_calls() -> None:
    called = threading.Event()
    stays, goes = (subprocess.Popen(["sleep", "60"]) for _ in range(2))
    when_one_ends([psutil.Process(stays.pid), psutil.Process(goes.pid)], called.set)
    assert not called.wait(0.5)
    goes.kill()
    assert called.wait(5)
    goes.wait(), stays.kill(), stays.wait()


def test_processes_are_found_by_their_environment() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    processes = [subprocess.Popen(["sleep", "60"], env=environment | {"A_MARK": value}) for value in ("1", "2", "3")]
    assert {found.pid for found in started_with("A_MARK", ["1", "3"])} == {processes[0].pid, processes[2].pid}
    for process in processes:
        process.kill()
        process.wait()
    assert started_with("A_MARK", ["1", "2", "3"]) == []
