"""Processes end with whoever started them, and commands keep their exit status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from anonbench.common.processes import supervised
from anonbench.common.root import ROOT
from tests.helpers.ended import has_ended

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")

CHILD = """
import os, signal, sys, time
from anonbench.common.processes import end_with_parent
if len(sys.argv) > 2:
    signal.signal(signal.SIGTERM, lambda *_: (open(sys.argv[2], "w").write("told"), sys.exit()))
    end_with_parent(signal.SIGTERM)
else:
    end_with_parent()
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(60)
"""
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"

POOL = """
import os, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from anonbench.common.processes import end_with_pool

def work(path):
    Path(path).write_text(str(os.getpid()))
    time.sleep(60)

if __name__ == "__main__":
    with ProcessPoolExecutor(2, get_context(sys.argv[1]), initializer=end_with_pool) as pool:
        list(pool.map(work, sys.argv[2:]))
"""


def start(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, *arguments], env={**os.environ, "PYTHONPATH": str(ROOT)})


def pid_in(path: Path, process: subprocess.Popen) -> int:
    """The process id that somebody writes into a file."""
    deadline = time.monotonic() + 30
    while not (path.exists() and path.read_text()):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    return int(path.read_text())


def kill(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


@LINUX
def test_a_child_ends_with_its_killed_parent(tmp_path: Path) -> None:
    parent = start("-c", PARENT, CHILD, str(tmp_path / "pid"))
    child = pid_in(tmp_path / "pid", parent)
    kill(parent)
    assert has_ended(child)


@LINUX
def test_a_child_may_ask_for_a_signal_that_it_handles(tmp_path: Path) -> None:
    parent = start("-c", PARENT, CHILD, str(tmp_path / "pid"), str(tmp_path / "told"))
    child = pid_in(tmp_path / "pid", parent)
    kill(parent)
    assert has_ended(child) and (tmp_path / "told").read_text() == "told"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pools_workers_end_with_its_killed_owner(tmp_path: Path, method: str) -> None:
    (tmp_path / "pool.py").write_text(POOL)
    files = [tmp_path / "1", tmp_path / "2"]
    owner = start(str(tmp_path / "pool.py"), method, *map(str, files))
    workers = [pid_in(file, owner) for file in files]
    kill(owner)
    assert all(map(has_ended, workers))


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ([sys.executable, "-c", "raise SystemExit(7)"], 7),
        ([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], 128 + 9),
        (["no-such-program"], 127),
    ],
)
def test_a_supervised_command_keeps_its_status(words: list[str], status: int) -> None:
    process = subprocess.Popen(
        supervised(words), stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.wait(10) == status
    assert ("no-such-program: No such file" in process.stderr.read()) == (status == 127)


def test_a_supervised_command_and_what_it_started_end_when_the_pipe_closes(tmp_path: Path) -> None:
    code = "import subprocess, sys; child = subprocess.Popen(['sleep', '60']); "
    code += "open(sys.argv[1], 'w').write(str(child.pid)); child.wait()"
    process = subprocess.Popen(
        supervised([sys.executable, "-c", code, str(tmp_path / "pid")]), stdin=subprocess.PIPE, start_new_session=True
    )
    grandchild = pid_in(tmp_path / "pid", process)
    process.stdin.close()
    process.wait(10)
    assert process.returncode == -signal.SIGKILL and has_ended(grandchild)


def test_a_supervised_command_has_time_to_end_by_itself(tmp_path: Path) -> None:
    code = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(3)); "
    code += "open(sys.argv[1], 'w').write('0'); time.sleep(60)"
    process = subprocess.Popen(
        supervised([sys.executable, "-c", code, str(tmp_path / "ready")]), stdin=subprocess.PIPE, start_new_session=True
    )
    pid_in(tmp_path / "ready", process)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(10) == 3
    process.stdin.close()
