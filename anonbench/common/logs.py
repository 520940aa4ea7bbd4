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
    for file in files:
        add_log_file(file)
    _add(logging.StreamHandler(stream or sys.stderr))
    return logger


def add_log_file(file: Path | str) -> None:
    """Let this library's logger write to one more file. A disk that refuses its lines is no error."""
    _add(_LogFile(file, mode="a", encoding="utf-8"))


class _LogFile(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def _add(handler: logging.Handler) -> None:
    handler.setFormatter(logging.Formatter(FORMAT, TIME))
    logging.getLogger(PACKAGE).addHandler(handler)


def log_files() -> list[str]:
    """The files that this library's logger writes to."""
    handlers = logging.getLogger(PACKAGE).handlers
    return [handler.baseFilename for handler in handlers if isinstance(handler, logging.FileHandler)]
