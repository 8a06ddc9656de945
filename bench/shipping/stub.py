"""A server that takes every object and keeps none, as cheaply as Python can: the stub of the benchmarks.

Each process runs one loop over its connections, and several processes share a port (SO_REUSEPORT). It speaks as much
HTTP/1.1 as the clients need: kept connections, `Content-Length`, `Expect: 100-continue`.
"""

from __future__ import annotations

import multiprocessing
import re
import selectors
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect: *100-continue", re.IGNORECASE)
_STORED = b'HTTP/1.1 200 OK\r\nETag: "0"\r\nContent-Length: 0\r\n\r\n'
_LOGGED = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\n\r\n{}"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_READ = 1 << 18


class Stub:
    """Runs while it is entered.

    Args:
        processes: How many loops; two are more than any client here asks for.
    """

    def __init__(self, processes: int = 1) -> None:
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._held.bind(("127.0.0.1", 0))
        self.port: int = self._held.getsockname()[1]
        context = multiprocessing.get_context("spawn")
        self._ready = context.Semaphore(0)
        self._processes = [
            context.Process(target=_serve, args=(self.port, self._ready), daemon=True) for _ in range(processes)
        ]

    @property
    def endpoint_url(self) -> str:
        """What to give a client."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        for process in self._processes:
            process.start()
        for _ in self._processes:
            self._ready.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.terminate()
            process.join()
        self._held.close()

    def ceiling(self, body: bytes, *, connections: int = 4, seconds: float = 2.0) -> float:
        """Measure how many puts a second it answers to a client that does nothing else.

        Args:
            body: What is put.
            connections: How many threads put at once.
            seconds: For how long.
        """
        head = f"PUT /b/k HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        done = [0] * connections
        until = time.perf_counter() + seconds

        def put(place: int) -> None:
            with socket.create_connection(("127.0.0.1", self.port)) as connected:
                while time.perf_counter() < until:
                    connected.sendall(head + body)
                    connected.recv(4096)
                    done[place] += 1

        threads = [threading.Thread(target=put, args=(place,)) for place in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(done) / seconds


def _serve(port: int, ready: multiprocessing.synchronize.Semaphore) -> None:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ, None)
    ready.release()
    while True:
        for key, _ in selector.select():
            if key.data is not None:
                key.data.read(selector)
                continue
            accepted, _ = listener.accept()
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(accepted, selectors.EVENT_READ, _Conversation(accepted))


class _Conversation:
    """One connection; a body is counted and forgotten."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._head = b""
        self._left = 0
        self._answer = b""

    def read(self, selector: selectors.BaseSelector) -> None:
        try:
            data = self._socket.recv(_READ)
        except ConnectionError:
            data = b""
        if not data:
            selector.unregister(self._socket)
            self._socket.close()
            return
        with suppress(ConnectionError):
            while data:
                data = self._body(data) if self._left else self._request(data)

    def _request(self, data: bytes) -> bytes:
        head, end, rest = (self._head + data).partition(b"\r\n\r\n")
        if not end:
            self._head = head
            return b""
        self._head = b""
        length = _LENGTH.search(head)
        self._left = int(length[1]) if length else 0
        self._answer = _LOGGED if head.startswith(b"POST") else _STORED
        if self._left and _EXPECTS.search(head):
            self._socket.sendall(_CONTINUE)
        if not self._left:
            self._socket.sendall(self._answer)
        return rest

    def _body(self, data: bytes) -> bytes:
        taken = min(self._left, len(data))
        self._left -= taken
        if not self._left:
            self._socket.sendall(self._answer)
        return data[taken:]
