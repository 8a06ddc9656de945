"""A proxy between the client and Trino that can fail at a statement: gone, or with an answer of its own."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GONE = 0
"""In the place of a status: the connection is closed without an answer."""

_PASSED_ON = ("content-type", "set-cookie", "content-encoding")


class Between:
    """The proxy.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        fail: Is shown every statement; gives the status that it and all that follows are answered with, or None.
        statements: What has been run through it.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.fail: Callable[[str], int | None] = lambda _: None
        self.statements: list[str] = []
        self._failing: int | None = None
        self._lock = threading.Lock()

    def judge(self, statement: str | None) -> int | None:
        """Tell how to answer a request, which may bring a statement."""
        with self._lock:
            if statement is not None:
                self.statements.append(statement)
                if self._failing is None:
                    self._failing = self.fail(statement)
            return self._failing

    def heal(self) -> None:
        """Pass everything on again."""
        self.fail = lambda _: None
        self._failing = None


@contextmanager
def between(target: int) -> Iterator[Between]:
    """Stand between clients and the Trino at a port of this machine."""
    proxy = Between(0)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status = proxy.judge(body.decode() if self.command == "POST" else None)
            if status == GONE:
                self.close_connection = True
                return
            if status is not None:
                self._answer(status, b"", [])
                return
            upstream = HTTPConnection("127.0.0.1", target)
            try:
                upstream.request(self.command, self.path, body, dict(self.headers.items()))
                answer = upstream.getresponse()
                content = answer.read()
                self._answer(answer.status, content, answer.getheaders())
            finally:
                upstream.close()

        do_GET = do_POST = do_DELETE = do_HEAD = _pass_on  # noqa: N815 (as the base class calls them)

        def _answer(self, status: int, content: bytes, headers: list[tuple[str, str]]) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() in _PASSED_ON or name.lower().startswith("x-trino-"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
