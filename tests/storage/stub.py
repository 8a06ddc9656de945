"""A server on loopback that answers requests as a test tells it: what no S3 of the tests can be made to do."""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        status: The HTTP status.
        body: The body.
        headers: More headers.
        cut: Say that the body is longer than it is, and close.
        reset: Read the request, answer nothing, and reset the connection.
        close: Read the request, answer nothing, and close the connection.
        idle: Answer, and then close the connection without having said so.
        hang: Read the request and answer nothing until the server ends.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    reset: bool = False
    close: bool = False
    idle: bool = False
    hang: bool = False


@dataclass(frozen=True)
class Request:
    """One request that came, and from which port."""

    method: str
    path: str
    headers: Message
    body: bytes
    peer: int


def refusal(status: int, code: str, message: str = "told so", **more: str) -> Reply:
    """Give S3's error of a code."""
    fields = {"Code": code, "Message": message, **more}
    body = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return Reply(status, f"{XML}<Error>{body}</Error>".encode(), {"Content-Type": "application/xml"})


CREATED = Reply(headers={"ETag": '"0123"'})


class Stub:
    """Answers with the replies it is given, one after the other; the last one again and again."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = [*replies] or [CREATED]
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        stub = self

        class Handler(_Handler):
            owner = stub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answers(self, *replies: Reply) -> None:
        """Give it other replies."""
        self.replies = [*replies]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def next_reply(self, request: Request) -> Reply:
        """Keep a request, and choose its answer."""
        with self._lock:
            self.requests.append(request)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 0.1
    owner: Stub

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def handle_one_request(self) -> None:
        """Look whether the server has ended while nothing comes."""
        try:
            self.connection.settimeout(5)
            while not self.owner._ended.is_set():
                self.connection.settimeout(0.05)
                try:
                    if not self.connection.recv(1, socket.MSG_PEEK):
                        break
                except TimeoutError:
                    continue
                self.connection.settimeout(5)
                super().handle_one_request()
                return
        except OSError:
            pass
        self.close_connection = True

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        request = Request(self.command, self.path, self.headers, self.rfile.read(length), self.client_address[1])
        reply = self.owner.next_reply(request)
        if reply.hang:
            self.owner._ended.wait(30)
        if reply.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if reply.hang or reply.reset or reply.close:
            self.close_connection = True
            return
        headers = {"Content-Length": str(len(reply.body) + (1000 if reply.cut else 0)), **reply.headers}
        head = f"HTTP/1.1 {reply.status} Told\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.wfile.write(head.encode() + b"\r\n" + (b"" if self.command == "HEAD" else reply.body))
        self.close_connection = self.close_connection or reply.cut or reply.idle

    do_GET = do_PUT = do_HEAD = do_POST = _answer  # noqa: N815
