"""On PYTHONPATH, this lets no Python process reach any machine but its own.

The file that GUARD_LOG names in the environment gets a line for every attempt: ``allowed`` or ``refused``, and whom.
"""

import os
import sys

LOOPBACK = (None, "127.0.0.1", "::1", "localhost")


def _guard(event, args):
    if event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    allowed = host in LOOPBACK
    with open(os.environ["GUARD_LOG"], "a", encoding="utf-8") as log:
        log.write(f"{'allowed' if allowed else 'refused'} {host}\n")
    if not allowed:
        raise OSError(f"no network but the loopback here: {host}")


sys.addaudithook(_guard)
