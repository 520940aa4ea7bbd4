"""A file server on loopback whose answers a test scripts, fault by fault."""

from __future__ import annotations

import http.server
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

TYPE = "application/octet-stream"


@dataclass
class Answer:
    """One answer; the plain one serves the file as a good server does.

    A ``status`` other than 200 comes without a body. ``cut`` ends the connection after so many bytes of the body,
    ``reset`` with a TCP reset; ``stall`` holds it open there instead. ``body`` are other bytes than the file's,
    ``length`` says whether Content-Length is sent, and ``start`` lets a range begin elsewhere than asked for.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    reset: bool = False
    stall: threading.Event | None = None
    body: bytes | None = None
    ranges: bool = True
    length: bool = True
    start: int | None = None
    validators: dict[str, str] = field(default_factory=lambda: {"ETag": '"one"'})


@dataclass
class Server:
    """What is served by path, the answers to come (then plain ones), and the requests so far."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    script: list[Answer] = field(default_factory=list)
    requests: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    @property
    def ranges(self) -> list[str | None]:
        """The Range header of every request."""
        return [asked for _, asked, _ in self.requests]

    def url(self, name: str) -> str:
        """The address of a file."""
        return f"{self.address}/{name}"


@contextmanager
def serve() -> Iterator[Server]:
    """Serve on a free port of the loopback interface."""
    state = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            name, asked = self.path.lstrip("/"), self.headers.get("Range")
            state.requests.append((name, asked, self.headers.get("If-Range")))
            answer = state.script.pop(0) if state.script else Answer()
            body = state.files.get(name) if answer.body is None else answer.body
            if answer.status != 200 or body is None:
                self.send_response(404 if body is None and answer.status == 200 else answer.status)
                self._end({"Content-Length": "0", **answer.headers})
                return
            start, total = 0, len(body)
            same = self.headers.get("If-Range") in (None, *answer.validators.values())
            if asked and answer.ranges and same:
                start = int(asked.removeprefix("bytes=").removesuffix("-")) if answer.start is None else answer.start
                if start >= total:
                    self.send_response(416)
                    self._end({"Content-Range": f"bytes */{total}", "Content-Length": "0"})
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            else:
                self.send_response(200)
            length = {"Content-Length": str(total - start)} if answer.length else {}
            self._end({"Content-Type": TYPE, **length, **answer.validators, **answer.headers})
            self.wfile.write(body[start:] if answer.cut is None else body[start:][: answer.cut])
            if answer.stall:
                answer.stall.wait(20)
            if answer.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

        def _end(self, headers):
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()

        def finish(self):
            try:
                super().finish()
            except OSError:  # the client hung up, or the connection was reset
                pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *args: None
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        state.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
