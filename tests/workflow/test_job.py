"""How a job ends: its status, its last line, and no traceback where there is something to do about it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from anonbench.common.root import ROOT
from tests.helpers.small_disk import SmallDisk, small_disk  # noqa: F401

PROGRAM = """
import errno, os, signal, sys
from anonbench.common.errors import UserError
from anonbench.common.stopping import Request, Stopped
from anonbench.workflow.job import job
with job(sys.argv[1]) as running:
    log = running.log
    log.info("begun")
    exec(sys.argv[2])
"""


def run(log: Path, work: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", PROGRAM, str(log), work]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("work", "status", "last"),
    [
        ("raise UserError('It is wrong.', 'Mend it.')", 1, "ERROR It is wrong. Mend it."),
        (
            "raise OSError(errno.EROFS, '', '/a')",
            1,
            "ERROR /a cannot be read or written: Read-only file system. Make it, and the folder that holds it, "
            "readable and writable for the workflow, and run again.",
        ),
        (
            "raise MemoryError",
            1,
            "ERROR Memory ran out (MemoryError). Give its jobs more memory (the resource mem_mb), or lower the batch "
            "size or num_workers in the model config.",
        ),
        (
            "raise Stopped(signal.SIGTERM)",
            143,
            "WARNING Stopped as asked. Run again, and the training goes on from its last checkpoint.",
        ),
        ("os.kill(os.getpid(), signal.SIGINT)", 130, "WARNING Interrupted."),
        ("log.info('done')", 0, "INFO done"),
    ],
)
def test_what_there_is_something_to_do_about_ends_in_one_line(
    tmp_path: Path, work: str, status: int, last: str
) -> None:
    result = run(tmp_path / "logs" / "a.log", work)
    assert result.returncode == status
    for text in (result.stderr, (tmp_path / "logs" / "a.log").read_text()):
        lines = text.splitlines()
        assert [line.partition(" ")[2] for line in lines] == ["INFO begun", last]


def test_any_other_error_keeps_its_traceback(tmp_path: Path) -> None:
    result = run(tmp_path / "a.log", "{}['missing']")
    assert result.returncode == 1
    assert "KeyError: 'missing'" in (tmp_path / "a.log").read_text()


def test_a_log_that_cannot_be_written_is_no_traceback(small_disk: SmallDisk) -> None:  # noqa: F811
    log = small_disk.path / "a.log"
    small_disk.fill(0)
    result = run(log, "log.info('x' * 10_000)")
    assert result.returncode == 0 and "Traceback" not in result.stderr and "xxx" in result.stderr
    small_disk.empty()
    small_disk.remount("ro")
    result = run(small_disk.path / "logs" / "a.log", "pass")
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert f"{small_disk.path}/logs cannot be read or written: Read-only file system." in result.stderr
