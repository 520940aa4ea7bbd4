"""What every job of the workflow does around its work: a log file, and mistakes told in one message."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from anonbench.common.errors import UserError


@contextmanager
def job(log: str) -> Iterator[logging.Logger]:
    """Log to ``log`` and to the terminal; end the process with status 1 and one message on a :class:`UserError`.

    Any other exception is logged with its traceback and raised. The file is written at its end, so that a command that
    the job runs can write into it, too.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    Path(log).unlink(missing_ok=True)
    logger = logging.getLogger("anonbench")
    logger.setLevel(logging.INFO)
    for handler in (logging.FileHandler(log, mode="a", encoding="utf-8"), logging.StreamHandler(sys.stderr)):
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
        logger.addHandler(handler)
    try:
        yield logger
    except UserError as error:
        logger.error("%s", error)
        sys.exit(1)
    except Exception:
        logger.exception("%s failed", Path(log).stem)
        raise
