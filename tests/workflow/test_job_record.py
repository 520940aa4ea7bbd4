"""What a job leaves beside its log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from anonbench.common.job_record import JobRecord, record_of_job
from anonbench.common.machine import this_machine
from anonbench.common.records import read_record
from anonbench.common.root import ROOT

BURN = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\n"


def run(log: Path, work: str, before: str = "") -> int:
    """A job in a process of its own; its exit status."""
    script = f"{before}\nfrom anonbench.workflow.job import job\nwith job({str(log)!r}) as running:\n"
    script += "".join(f"    {line}\n" for line in (work or "pass").splitlines())
    return subprocess.run([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.DEVNULL).returncode


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "verify_file" / "tiny" / "a.b.zip.log"


def test_the_work_is_told_from_what_came_before_it(log: Path) -> None:
    assert run(log, BURN.format(0.3), before=BURN.format(0.6)) == 0
    found = read_record(JobRecord, log.with_name("a.b.zip.json"))
    assert found.cpu == pytest.approx(0.3, abs=0.2) and found.startup_cpu >= 0.6
    assert found.wall >= 0.28 and found.startup_wall >= 0.58
    assert not found.resumed and not found.shared
    assert (found.machine.cpu, found.machine.cores) == (this_machine().cpu, this_machine().cores)
    assert found.machine.torch is None and found.machine.gpu is None


def test_child_processes_and_memory_count(log: Path) -> None:
    child = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN.format(0.4)!r}])\n"
    child += "held = b'x' * 200_000_000"
    assert run(log, child) == 0
    found = read_record(JobRecord, record_of_job(log))
    assert found.cpu >= 0.4
    assert 200e6 < found.memory < 600e6


def test_an_attempt_after_a_killed_or_failed_one_may_have_done_a_part(log: Path) -> None:
    record = record_of_job(log)
    assert run(log, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)") == -9
    assert log.exists() and not record.exists()
    assert run(log, "") == 0 and read_record(JobRecord, record).resumed
    assert run(log, "") == 0 and not read_record(JobRecord, record).resumed  # made again from the beginning


@pytest.mark.parametrize(
    "raised", ["from anonbench.common.errors import UserError\nraise UserError('a', 'b')", "raise ValueError"]
)
def test_a_job_that_fails_leaves_no_record(log: Path, raised: str) -> None:
    assert run(log, "") == 0 and record_of_job(log).exists()
    assert run(log, raised) == 1 and not record_of_job(log).exists()


def test_a_record_says_that_the_outputs_were_taken(log: Path) -> None:
    assert run(log, "running.shared = True") == 0
    assert read_record(JobRecord, record_of_job(log)).shared
