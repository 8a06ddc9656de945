"""The server: Athena's JSON 1.1 over HTTP on loopback, and what tests ask of it beside that, under `/_…`."""

from __future__ import annotations

import json
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fakes.athena.errors import ApiError
from tests.fakes.athena.faults import Fault
from tests.fakes.athena.operations import Operations

THROTTLED = "You have exceeded the limit for the number of queries you can run concurrently."


class AthenaServer(ThreadingHTTPServer):
    """A server on a port of 127.0.0.1.

    Args:
        operations: What it serves.
        aws: The address of the server of S3 and Glue, which a reset clears as well.
        port: The port; 0 takes a free one.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, operations: Operations, aws: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.operations = operations
        self.aws = aws


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: AthenaServer

    def do_GET(self) -> None:
        """Answer what tests ask."""
        operations = self.server.operations
        if self.path == "/_journal":
            self._answer(200, operations.journal())
        elif self.path == "/_endpoints":
            self._answer(200, {"aws": self.server.aws})
        else:
            self._answer(404, {"message": f"there is no {self.path}"})

    def do_POST(self) -> None:
        """Answer a call."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/_reset":
            self.server.operations.reset()
            with urllib.request.urlopen(urllib.request.Request(f"{self.server.aws}/moto-api/reset", method="POST")):  # noqa: S310
                self._answer(200, {})
        elif self.path == "/_faults":
            try:
                self.server.operations.faults.add([Fault.from_dict(each) for each in json.loads(body)])
            except ValueError as error:
                self._answer(400, {"message": str(error)})
            else:
                self._answer(200, {})
        else:
            self._call(self.headers.get("X-Amz-Target", "").removeprefix("AmazonAthena."), json.loads(body or b"{}"))

    def _call(self, operation: str, request: dict[str, Any]) -> None:
        fault = self.server.operations.faults.of_call(operation)
        try:
            if fault is not None and fault.kind == "throttle":
                told = {"Reason": "CONCURRENT_QUERY_LIMIT_EXCEEDED"}
                raise ApiError("TooManyRequestsException", fault.reason or THROTTLED, **told)  # noqa: TRY301
            if fault is not None and fault.kind == "error":
                raise ApiError(fault.code, fault.reason or fault.code)  # noqa: TRY301
            answer = self.server.operations.call(operation, request)
        except ApiError as error:
            status = 500 if error.code == "InternalServerException" else 400
            self._answer(status, {"__type": error.code, "Message": error.message, **error.fields})
            return
        except KeyError as error:
            self._answer(400, {"__type": "InvalidRequestException", "Message": f"{error} is missing"})
            return
        if fault is not None and fault.kind == "lost_response":
            self.close_connection = True
            self.connection.close()
            return
        self._answer(200, answer)

    def _answer(self, status: int, told: Any) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
