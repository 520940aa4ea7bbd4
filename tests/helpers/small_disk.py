"""A small disk, which a test can fill, empty and make read-only."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

MOUNT = sys.platform == "linux" and os.geteuid() == 0


class SmallDisk:
    """A file system in memory, mounted at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self, free: int) -> None:
        """Leave so many bytes."""
        self.empty()
        usage = os.statvfs(self.path)
        self._ballast.write_bytes(bytes(max(0, usage.f_bavail * usage.f_frsize - free)))

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def remount(self, options: str) -> None:
        """Change the file system, for example to ``ro``."""
        subprocess.run(["mount", "-o", f"remount,{options}", self.path], check=True)

    def files(self) -> list[str]:
        """All files but the ballast."""
        found = (path for path in self.path.rglob("*") if path.is_file() and path != self._ballast)
        return sorted(str(path.relative_to(self.path)) for path in found)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """A disk of 256 MB of memory, used as it is filled; skips where nobody may mount one."""
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256m", "none", path]
    if not MOUNT or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs to mount a file system in memory, which only root on Linux may")
    yield SmallDisk(path)
    subprocess.run(["umount", "-l", path], check=True)
