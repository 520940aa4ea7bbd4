"""The machine that this process runs on, and what the process has taken of it."""

from __future__ import annotations

import os
import platform
import re
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from anonbench.common.records import Record


class Machine(Record):
    """A machine: its processor's name, the cores and the bytes of memory that it has, and what computed on it.

    ``gpu`` is the CUDA device that was used and ``torch`` the version that used either; None where none was.
    """

    cpu: str
    cores: int
    memory: int
    gpu: str | None = None
    torch: str | None = None

    def __str__(self) -> str:
        """As people name it."""
        cpu = f"{self.cpu}, {self.cores} cores"
        return f"{self.gpu} ({cpu})" if self.gpu else cpu


def this_machine() -> Machine:
    """This one, with the device and the torch that this process has used so far; torch is not loaded for it."""
    torch = sys.modules.get("torch")
    used = torch is not None and torch.cuda.is_initialized()
    return Machine(
        cpu=_cpu(),
        cores=psutil.cpu_count() or 1,
        memory=psutil.virtual_memory().total,
        gpu=torch.cuda.get_device_name() if used else None,
        torch=str(torch.__version__) if torch else None,
    )


@dataclass(frozen=True)
class Usage:
    """What a process has taken since it began, its finished child processes included: wall-clock and CPU seconds."""

    wall: float
    cpu: float

    @classmethod
    def so_far(cls) -> Usage:
        cpu = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return cls(time.time() - psutil.Process().create_time(), cpu)


def peak_memory() -> int:
    """The most memory in bytes that this process has held."""
    try:
        # ``ru_maxrss`` starts from what the process that started this one held.
        return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _cpu() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or os.uname().machine
