"""A user's command: its placeholders, its environment, and its end."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from pathlib import Path

from anonbench.common.errors import UserError
from anonbench.common.processes import supervised
from anonbench.common.root import ROOT

PLACEHOLDERS = ("images", "regions", "output", "seed")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
# So much of a failed command's output goes into the message.
_TAIL = 2000  # bytes
# A command that is over time has so long to end by itself.
_GRACE = 5.0  # seconds


def unknown_placeholders(words: list[str]) -> list[str]:
    """What looks like a placeholder but is not one. Braces with anything but small letters between them are text."""
    return [name for word in words for name in _PLACEHOLDER.findall(word) if name not in PLACEHOLDERS]


def filled_in(words: list[str], values: dict[str, str]) -> list[str]:
    """The words with their placeholders replaced."""
    return [_PLACEHOLDER.sub(lambda match: values[match.group(1)], word) for word in words]


def run(words: list[str], log: Path, timeout: float) -> None:
    """Run a command in the working directory and wait for its end; nothing that it started outlives it.

    It has the user's environment, without what the workflow itself added to PYTHONPATH, and no standard input.

    Parameters
    ----------
    words
        Program and arguments; no shell reads them.
    log
        Its standard output and error are appended to this file.
    timeout
        Seconds.

    Raises
    ------
    UserError
        If it cannot be started, ends with another status than 0, or is over time; with the end of its output.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as stream:
        start = stream.seek(0, os.SEEK_END)
        process = subprocess.Popen(
            supervised(words),
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=_environment(),
            start_new_session=True,
        )
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            _signal(process.pid, signal.SIGTERM)
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                pass
            status = None
        finally:
            _signal(process.pid, signal.SIGKILL)
            process.wait()
            process.stdin.close()
    if status != 0:
        how = f"took longer than {timeout:g} s" if status is None else f"ended with status {status}"
        raise failure(words, how, log, start)


def failure(words: list[str], how: str, log: Path, start: int = 0) -> UserError:
    """The error that says how a command failed, with the end of what the log holds from ``start`` on."""
    with open(log, "rb") as stream:
        end = stream.seek(0, os.SEEK_END)
        stream.seek(max(start, end - _TAIL))
        tail = stream.read(_TAIL).decode("utf-8", "replace").strip()
    said = f"Last output:\n{tail}\n" if tail else "It printed nothing. "
    return UserError(f"The command `{shlex.join(words)}` {how}. {said}", f"Its whole output is in {log}.")


def _environment() -> dict[str, str]:
    """The user's own: a tool in another environment must not find this project's modules before its own."""
    kept = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and Path(path) != ROOT]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return environment | ({"PYTHONPATH": os.pathsep.join(kept)} if kept else {})


def _signal(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        pass
