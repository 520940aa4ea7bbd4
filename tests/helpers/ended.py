"""Whether a process that should end does so."""

from __future__ import annotations

import time

import psutil


def has_ended(pid: int) -> bool:
    """Whether a process ends within 20 s; where nobody reaps orphans, it stays as a zombie."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False
