"""The log of a job: files and a stream that its process, and those that it starts, write in the same form."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from anonbench.common.root import PACKAGE

FORMAT, TIME = "%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"


def log_to(files: Iterable[Path | str], stream: TextIO | None = None) -> logging.Logger:
    """Let this library's logger write to ``files`` and to ``stream``, standard error by default; it is returned.

    Files are written at their ends, so that several processes can share one.
    """
    logger = logging.getLogger(PACKAGE)
    logger.setLevel(logging.INFO)
    handlers = [logging.FileHandler(file, mode="a", encoding="utf-8") for file in files]
    for handler in (*handlers, logging.StreamHandler(stream or sys.stderr)):
        handler.setFormatter(logging.Formatter(FORMAT, TIME))
        logger.addHandler(handler)
    return logger


def log_files() -> list[str]:
    """The files that this library's logger writes to."""
    handlers = logging.getLogger(PACKAGE).handlers
    return [handler.baseFilename for handler in handlers if isinstance(handler, logging.FileHandler)]
