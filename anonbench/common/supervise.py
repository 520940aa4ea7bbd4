"""Run a command and end it, with all that it started, as soon as whoever waits for it is gone.

``python supervise.py COMMAND...`` with a pipe as standard input: when its other end closes, the whole process group is
killed. A parent that is killed cannot end its children; the system closes its pipes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    """The command's exit status; 127 where it cannot be started, 128 + n where signal n ended it."""
    # The command is to have time to end by itself after SIGTERM. A handler, unlike SIG_IGN, is not inherited.
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    threading.Thread(target=_end_with_parent, daemon=True).start()
    status = child.wait()
    return status if status >= 0 else 128 - status


def _end_with_parent() -> None:
    # Read without a buffer, whose lock would trouble the interpreter's own end.
    while os.read(0, 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
