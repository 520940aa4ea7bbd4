"""What every job of the workflow does around its work: a log file, and a user's mistake as one message."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from anonbench.common.errors import UserError
from anonbench.common.logs import log_to


@contextmanager
def job(log: str) -> Iterator[logging.Logger]:
    """Log to ``log`` and to the terminal; end the process with status 1 and one message on a :class:`UserError`.

    Any other exception is logged with its traceback and raised.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    Path(log).unlink(missing_ok=True)
    logger = log_to([log])
    try:
        yield logger
    except UserError as error:
        logger.error("%s", error)
        sys.exit(1)
    except Exception:
        logger.exception("%s failed", Path(log).stem)
        raise
