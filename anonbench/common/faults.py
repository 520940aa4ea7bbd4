"""What befell a job, in one sentence with its remedy: a full or read-only disk, too little memory, a killed process.

Libraries report these in their own words and wrap each other's exceptions, so that the whole chain is looked through.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from anonbench.common.errors import UserError

FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)
BROKEN = (errno.EIO, errno.ESTALE, errno.EFBIG)

_MORE_MEMORY = (
    "Give its jobs more memory (the resource mem_mb), or lower the batch size or num_workers in the model config."
)
_LARGER_DEVICE = (
    "Lower the batch size in the model config (for a generator, its key `batch`), or use a device with more memory."
)
# How torch, CUDA and OpenCV say that they got no memory; none of it is a MemoryError.
_NO_MEMORY = re.compile(
    r"can't allocate memory|not enough memory|out of memory|Insufficient memory|Failed to allocate \d+ bytes"
    r"|Cannot allocate memory|CUDNN_STATUS_ALLOC_FAILED|CUBLAS_STATUS_ALLOC_FAILED"
)
# torch of its data loader's processes, concurrent.futures of a pool's.
_LOST_PROCESS = re.compile(
    r"DataLoader worker \(pid\S* [\d, ]+\) (?:is killed by signal: (?P<signal>[^.]+)|exited unexpectedly)"
    r"|A process in the process pool was terminated abruptly"
)


def explained(error: BaseException) -> UserError | None:
    """What a user can do something about, as a :class:`UserError`; None for any other exception.

    A :class:`UserError` that the exception was raised from is returned as it is.
    """
    for one in _chain(error):
        told = one if isinstance(one, UserError) else _of_disk(one) or _of_process(one) or _of_memory(one)
        if told is not None:
            return told
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _of_disk(error: BaseException) -> UserError | None:
    number = error.errno if isinstance(error, OSError) else _number_in(error)
    if number not in (*FULL, *REFUSED, *BROKEN):
        return None
    path = getattr(error, "filename2", None) or getattr(error, "filename", None)
    named = os.fsdecode(path) if path else "A file"
    reason = os.strerror(number)
    if number in FULL:
        details = _space(path) if path else _first_line(error)
        return UserError(
            f"{named} cannot be written: {reason} ({details}).",
            "Free some space and run again; what is complete is not made again.",
        )
    if number in REFUSED:
        return UserError(
            f"{named} cannot be read or written: {reason}.",
            "Make it, and the folder that holds it, readable and writable for the workflow, and run again.",
        )
    return UserError(f"{named} cannot be read or written: {reason}.", "Check the disk that holds it, and run again.")


def _number_in(error: BaseException) -> int | None:
    """The number of a full disk's error that a library only quotes."""
    quoting = isinstance(error, RuntimeError) or type(error).__name__ in ("SafetensorError", "OperationalError")
    return next((n for n in FULL if quoting and os.strerror(n) in str(error)), None)


def _space(path: str | bytes) -> str:
    folder = Path(os.fsdecode(path)).absolute()
    while not folder.is_dir():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    return f"{usage.free / 1e6:,.1f} MB of {usage.total / 1e6:,.0f} MB are free in {folder}"


def killed(by: str) -> UserError:
    """The error for a process of a job that was ended from outside, by a signal with that name or number."""
    return UserError(f"A process of this job was killed ({by}), perhaps because memory ran out.", _MORE_MEMORY)


def _of_process(error: BaseException) -> UserError | None:
    found = _LOST_PROCESS.search(str(error)) if isinstance(error, RuntimeError) else None
    return killed(found["signal"] or "without a word") if found else None


def _of_memory(error: BaseException) -> UserError | None:
    quoted = isinstance(error, RuntimeError) or type(error).__module__ == "cv2"
    if isinstance(error, OSError):
        short = error.errno == errno.ENOMEM
    else:
        short = isinstance(error, MemoryError) or bool(quoted and _NO_MEMORY.search(str(error)))
    if not short:
        return None
    if re.search("CUDA|CUDNN|CUBLAS", str(error)):
        return UserError(f"The device's memory ran out ({_first_line(error)}).", _LARGER_DEVICE)
    return UserError(f"Memory ran out ({_first_line(error)}).", _MORE_MEMORY)


def _first_line(error: BaseException) -> str:
    """What an exception says, without the place in a library's source."""
    words = re.sub(r"^(\[enforce fail at [^]]*\][^.]*\. |OpenCV\(.*? error: )", "", str(error).strip())
    return words.splitlines()[0][:200].rstrip(".") if words else type(error).__name__
