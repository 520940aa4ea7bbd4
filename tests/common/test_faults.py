"""What befell a job, in the words of the libraries that met it, becomes one sentence with its remedy."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from anonbench.common.errors import UserError
from anonbench.common.faults import explained

HUGE = 10**15


def raised(act: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as found:
        act()
    return found.value


def of_cuda() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 8 GiB")


@pytest.mark.parametrize(
    ("act", "problem", "fix"),
    [
        (lambda: torch.empty(HUGE), "Memory ran out (DefaultCPUAllocator: can't allocate memory", "mem_mb"),
        (lambda: np.empty(HUGE), "Memory ran out (Unable to allocate 7.11 PiB", "mem_mb"),
        (lambda: bytearray(HUGE), "Memory ran out (MemoryError).", "batch size"),
        (
            lambda: cv2.resize(np.zeros((9, 9), np.uint8), (2 * 10**6, 2 * 10**6)),
            "Memory ran out ((-4:Insufficient memory) Failed to allocate",
            "mem_mb",
        ),
        (of_cuda, "The device's memory ran out (CUDA out of memory", "Lower the batch size in the model config"),
    ],
)
def test_a_lack_of_memory_names_what_to_give(act, problem, fix) -> None:
    told = explained(raised(act))
    assert told.problem.startswith(problem)
    assert fix in told.fix


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_names_the_path_and_the_space(tmp_path: Path, number: int) -> None:
    told = explained(OSError(number, os.strerror(number), str(tmp_path / "new" / "file")))
    usage = os.statvfs(tmp_path)
    assert told.problem.startswith(f"{tmp_path}/new/file cannot be written: {os.strerror(number)} (")
    assert f"MB of {usage.f_blocks * usage.f_frsize / 1e6:,.0f} MB are free in {tmp_path})" in told.problem


def test_a_copy_names_where_it_was_to_go() -> None:
    told = explained(OSError(errno.ENOSPC, "No space left on device", "/from", None, "/tmp/to"))
    assert told.problem.startswith("/tmp/to cannot be written")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EROFS, "cannot be read or written: Read-only file system."),
        (errno.EACCES, "cannot be read or written: Permission denied."),
        (errno.EIO, "cannot be read or written: Input/output error."),
    ],
)
def test_a_refusing_disk_names_the_path(number: int, words: str) -> None:
    assert explained(OSError(number, "", "/somewhere/a")).problem == f"/somewhere/a {words}"


def test_what_other_exceptions_wrap_or_quote_is_found() -> None:
    def wrapped() -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "/tmp/a")
        except OSError as error:
            raise ValueError("could not save") from error

    assert explained(raised(wrapped)).problem.startswith("/tmp/a cannot be written")
    quoted = RuntimeError("unable to write to file </torch_12>: No space left on device (28)")
    assert "</torch_12>" in explained(quoted).problem
    assert "cannot be written" in explained(sqlite3.OperationalError("No space left on device")).problem
    inner = UserError("It is wrong.", "Mend it.")
    outer = RuntimeError("failed")
    outer.__cause__ = inner
    assert explained(outer) is inner


@pytest.mark.parametrize("error", [ValueError("a"), KeyError("a"), FileNotFoundError(2, "", "a"), RuntimeError("a")])
def test_everything_else_is_not_explained(error: Exception) -> None:
    assert explained(error) is None


class Deadly(torch.utils.data.Dataset):
    """A dataset that kills the process which loads its second sample."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> int:
        if index == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return index


def test_a_data_loaders_killed_process_is_told() -> None:
    told = explained(raised(lambda: list(DataLoader(Deadly(), num_workers=1))))
    assert told.problem.startswith("A process of this job was killed (")
    assert "mem_mb" in told.fix


def test_a_pools_killed_process_is_told() -> None:
    def work() -> None:
        with ProcessPoolExecutor(1) as pool:
            pool.submit(os.kill, os.getpid(), 0).result()
            pool.submit(os._exit, 9).result()

    assert explained(raised(work)).problem.startswith("A process of this job was killed (without a word)")
