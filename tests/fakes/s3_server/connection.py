"""One connection: request after request, each with what the schedule does to it."""

from __future__ import annotations

import contextlib
import socket
import struct
from typing import TYPE_CHECKING, BinaryIO

from tests.fakes.s3_server.faults import Fault, Faults, OutageKind
from tests.fakes.s3_server.http import Head, HttpError, answer, read_body, read_head
from tests.fakes.s3_server.operations import DENIALS, FAULT_ERRORS, Answer, refusal

if TYPE_CHECKING:
    from tests.fakes.s3_server.server import S3Server

CONTROL = "-"
HANGS = 10
DRIPS = 5


class _EndedError(Exception):
    """The connection is over, on purpose."""


class Connection:
    """Serves one client's connection.

    Args:
        connected: The connection; it is closed in the end.
        server: Whose it is.
    """

    def __init__(self, connected: socket.socket, server: S3Server) -> None:
        self._socket = connected
        self._server = server
        self._fault: str | None = None

    def serve(self) -> None:
        """Answer until the client has gone or a fault ends it."""
        over = contextlib.suppress(_EndedError, HttpError, OSError)
        with self._socket, self._socket.makefile("rb") as stream, over:
            while (head := read_head(stream)) is not None:
                if head.bucket == CONTROL:
                    self._control(stream, head)
                else:
                    self._request(stream, head)
                if head.closes:
                    return

    def cut(self) -> None:
        """End it from another thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _request(self, stream: BinaryIO, head: Head) -> None:
        outage = self._server.schedule.outage()
        fault = None if outage is not None else self._server.schedule.draw()
        if fault is Fault.CONFLICT and not (head.method == "PUT" and "if-none-match" in head.headers):
            fault = None
        self._fault = outage or fault
        if outage in {OutageKind.RESET, OutageKind.REFUSED} or fault is Fault.RESET_BEFORE_BODY:
            self._break_off(head)
        if head.expects_continue:
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if fault is Fault.HALF_READ:
            stream.read(head.length // 2)
            self._break_off(head)
        body = read_body(stream, head)
        if fault is Fault.RESET_AFTER_BODY:
            self._break_off(head, body)
        if fault is Fault.HANG:
            self._server.stopping.wait(HANGS * self._server.faults.slowness)
            self._break_off(head, body)
        if fault is Fault.LATENCY:
            self._server.stopping.wait(self._server.schedule.share() * self._server.faults.slowness)
        self._finish(head, body, self._judge(head, body, outage, fault), fault)

    def _judge(self, head: Head, body: bytes, outage: OutageKind | None, fault: Fault | None) -> Answer:
        """Tell what the request comes to, and carry it out if it comes to anything."""
        if outage is OutageKind.UNAVAILABLE:
            return refusal(503, "ServiceUnavailable", head)
        if fault in FAULT_ERRORS:
            return refusal(*FAULT_ERRORS[fault], head)
        if (denial := self._server.faults.denial) is not None:
            return refusal(DENIALS[denial], denial, head)
        return self._server.operations.carry_out(head, body)

    def _finish(self, head: Head, body: bytes, made: Answer, fault: Fault | None) -> None:
        """Write the request down, then answer it; so whoever has an answer finds the entry."""
        name, kept = made.stored or (head.name, body)
        self._server.journal.record(
            head.method, name, fault=self._fault, status=made.status, stored=made.stored is not None, body=kept
        )
        if fault is Fault.ANSWER_LOST:
            self._reset()
        shown = b"" if head.method == "HEAD" else made.body
        rendered = answer(made.status, made.headers, shown, length=len(made.body))
        if fault is Fault.ANSWER_CUT:
            self._socket.sendall(rendered[: int(len(rendered) * self._server.schedule.share())])
            raise _EndedError
        if fault is Fault.ANSWER_DRIPS:
            step = len(rendered) // DRIPS + 1
            for start in range(0, len(rendered), step):
                self._socket.sendall(rendered[start : start + step])
                self._server.stopping.wait(self._server.faults.slowness / DRIPS)
            return
        self._socket.sendall(rendered)

    def _break_off(self, head: Head, body: bytes | None = None) -> None:
        self._server.journal.record(head.method, head.name, fault=self._fault, status=0, body=body)
        self._reset()

    def _reset(self) -> None:
        """Let the client see a reset, which it does when the connection is closed for good."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise _EndedError

    def _control(self, stream: BinaryIO, head: Head) -> None:
        """Let a test in another process change the faults: `POST /-/faults`."""
        body = read_body(stream, head)
        if head.key == "faults" and head.method == "POST":
            self._server.faults = Faults.from_json(body.decode())
        self._socket.sendall(answer(200 if head.key == "faults" else 404, {}, self._server.faults.to_json().encode()))
