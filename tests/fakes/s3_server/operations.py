"""What a whole request comes to: S3's operations, and CloudWatch Logs' as far as the loss table's peer needs them."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.s3_server.faults import Denial, Fault
from tests.fakes.s3_server.http import Head, damage
from tests.fakes.s3_server.multipart import Uploads
from tests.fakes.s3_server.store import error_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.s3_server.store import Store

FAULT_ERRORS = {
    Fault.INTERNAL_ERROR: (500, "InternalError"),
    Fault.SLOW_DOWN: (503, "SlowDown"),
    Fault.CONFLICT: (409, "ConditionalRequestConflict"),
    Fault.REQUEST_TIMEOUT: (400, "RequestTimeout"),
}
DENIALS = {Denial.EXPIRED_TOKEN: 400, Denial.ACCESS_DENIED: 403, Denial.NO_SUCH_BUCKET: 404}
METADATA = "x-amz-meta-"


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer, and what to write down about it.

    Attributes:
        status: The HTTP status.
        body: The answer's body; of a HEAD only its length is told.
        headers: Beside the length.
        stored: The object's name and body, when this request stored one.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    stored: tuple[str, bytes] | None = None


def refusal(status: int, code: str, head: Head) -> Answer:
    """Answer with an error of S3's kind."""
    return Answer(status, error_document(code, f"{code}, as the test wants it", head.name), _XML)


class Operations:
    """Carries out requests.

    Args:
        store: Where the objects are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._uploads = Uploads(store)

    def carry_out(self, head: Head, body: bytes) -> Answer:
        """Do what a request asks for."""
        if "x-amz-target" in head.headers:
            return self._logs(head.headers["x-amz-target"].rpartition(".")[2], json.loads(body))
        if (wrong := damage(head, body)) is not None:
            return refusal(400, wrong, head)
        if "uploads" in head.query or "uploadId" in head.query:
            return self._multipart(head, body)
        if head.method == "PUT":
            return self._put(head, body) if head.key else Answer(200, headers={"Location": f"/{head.bucket}"})
        if head.method in {"GET", "HEAD"}:
            return self._read(head) if head.key else self._read_bucket(head)
        return refusal(405, "MethodNotAllowed", head)

    def _put(self, head: Head, body: bytes) -> Answer:
        if_absent = head.headers.get("if-none-match") == "*"
        metadata = {
            name.removeprefix(METADATA): value for name, value in head.headers.items() if name.startswith(METADATA)
        }
        content_type = head.headers.get("content-type", "binary/octet-stream")
        etag = self._store.put(head.name, body, content_type, metadata, if_absent=if_absent)
        if not etag:
            return refusal(412, "PreconditionFailed", head)
        return Answer(200, headers={"ETag": etag}, stored=(head.name, body))

    def _read(self, head: Head) -> Answer:
        found = self._store.get(head.name)
        if found is None:
            return refusal(404, "NoSuchKey", head)
        return Answer(200, found.body, found.headers())

    def _read_bucket(self, head: Head) -> Answer:
        if head.method == "HEAD":
            return Answer(200, headers={"x-amz-bucket-region": "us-east-1"})
        return Answer(200, self._store.listing(head.bucket, head.query), _XML)

    def _multipart(self, head: Head, body: bytes) -> Answer:
        upload = head.query.get("uploadId", "")
        if "uploads" in head.query:
            return Answer(200, self._uploads.begin(head.bucket, head.key), _XML)
        if not self._uploads.knows(upload):
            return refusal(404, "NoSuchUpload", head)
        if head.method == "PUT":
            return Answer(200, headers={"ETag": self._uploads.part(upload, int(head.query["partNumber"]), body)})
        if head.method == "POST":
            document, whole = self._uploads.complete(upload, head.name, body)
            return Answer(200, document, _XML, stored=(head.name, whole))
        self._uploads.abort(upload)
        return Answer(204)

    def _logs(self, operation: str, asked: Mapping[str, Any]) -> Answer:
        if operation != "PutLogEvents":
            return Answer(200, b"{}", _LOGS)
        name = f"cloudwatch-logs/{asked['logGroupName']}/{asked['logStreamName']}/{uuid.uuid4()}"
        text = "".join(event["message"] + "\n" for event in asked["logEvents"]).encode()
        self._store.put(name, text, "text/plain", {}, if_absent=True)
        return Answer(200, b'{"nextSequenceToken":"1"}', _LOGS, stored=(name, text))


_XML = {"Content-Type": "application/xml"}
_LOGS = {"Content-Type": "application/x-amz-json-1.1"}
