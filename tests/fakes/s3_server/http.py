"""One request off a connection, as the clients of S3 send it; one answer onto it."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from hashlib import md5, sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

_VIRTUAL_HOST = re.compile(r"([a-z0-9][a-z0-9.-]*)\.(?:localhost|s3[.a-z0-9-]*)(?::\d+)?")
MAX_BODY_BYTES = 64 * 1024 * 1024
SMALL_READ = 1024 * 1024


class HttpError(Exception):
    """What came is no request that the server can read."""


@dataclass(frozen=True, slots=True)
class Head:
    """A request without its body.

    Attributes:
        method: PUT, GET and so on.
        bucket: From the path, or from a virtual host's name; empty when neither names one.
        key: The object's key; empty for the bucket itself.
        query: The query, decoded.
        headers: By their names in lower case.
    """

    method: str
    bucket: str
    key: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`bucket/key`, or the bucket alone."""
        return f"{self.bucket}/{self.key}" if self.key else self.bucket

    @property
    def length(self) -> int:
        """The body's bytes as they come, framing of chunks not counted."""
        return int(self.headers.get("content-length", "0"))

    @property
    def chunked(self) -> bool:
        """Whether the body comes in HTTP's chunks."""
        return "chunked" in self.headers.get("transfer-encoding", "").lower()

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for 100 before it sends the body."""
        return self.headers.get("expect", "").lower() == "100-continue"

    @property
    def closes(self) -> bool:
        """Whether the connection ends after the answer."""
        return self.headers.get("connection", "").lower() == "close"


def read_head(stream: BinaryIO) -> Head | None:
    """Read a request's line and headers; None when the client has closed the connection."""
    line = stream.readline(65537)
    if not line:
        return None
    try:
        method, target, version = line.decode("ascii").split()
    except ValueError:
        raise HttpError(f"{line[:100]!r}: no request line") from None
    if not version.startswith("HTTP/1."):
        raise HttpError(f"{version}: only HTTP/1 is spoken here")
    headers = {}
    while (line := stream.readline(65537)) not in {b"\r\n", b"\n"}:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise HttpError(f"{line[:100]!r}: no header")
        headers[name.strip().lower()] = value.strip()
    path, _, query = target.partition("?")
    path = unquote(path).lstrip("/")
    hosted = _VIRTUAL_HOST.fullmatch(headers.get("host", ""))
    bucket, _, key = (hosted[1], "", path) if hosted else path.partition("/")
    return Head(method, bucket, key, dict(parse_qsl(query, keep_blank_values=True)), headers)


def read_body(stream: BinaryIO, head: Head) -> bytes:
    """Read the body whole, and take off the framing of chunks.

    Raises:
        HttpError: It ends too early, or its framing is wrong.
    """
    body = _unchunked(stream, trailers=True) if head.chunked else _exactly(stream, head.length)
    if "aws-chunked" in head.headers.get("content-encoding", "") or "x-amz-decoded-content-length" in head.headers:
        body = _unframed(body)
    return body


def damage(head: Head, body: bytes) -> str | None:
    """Tell which digest of the request its body does not have, if any."""
    given = head.headers.get("x-amz-content-sha256", "")
    if len(given) == 64 and given != sha256(body).hexdigest():
        return "XAmzContentSHA256Mismatch"
    made = {
        "content-md5": lambda: md5(body, usedforsecurity=False).digest(),
        "x-amz-checksum-sha256": lambda: sha256(body).digest(),
        "x-amz-checksum-crc32": lambda: binascii.crc32(body).to_bytes(4, "big"),
    }
    for header, digest in made.items():
        if header in head.headers and head.headers[header] != base64.b64encode(digest()).decode():
            return "BadDigest"
    return None


def answer(status: int, headers: Mapping[str, str], body: bytes = b"", *, length: int | None = None) -> bytes:
    """Render a response; `length` is told instead of the body's own for HEAD."""
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    phrase = HTTPStatus(status).phrase
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status} {phrase}\r\nContent-Length: {size}\r\n{told}\r\n".encode("latin-1") + body


def _exactly(stream: BinaryIO, size: int) -> bytes:
    if size > MAX_BODY_BYTES:
        raise HttpError(f"a body of {size} bytes is more than this server takes")
    body = stream.read(size)
    if len(body) != size:
        raise HttpError(f"the body ended after {len(body)} of {size} bytes")
    return body


def _unchunked(stream: BinaryIO, *, trailers: bool) -> bytes:
    parts = []
    while size := _chunk_size(stream.readline(1025)):
        parts.append(_exactly(stream, size))
        stream.readline(3)
    while trailers and stream.readline(65537) not in {b"\r\n", b"\n", b""}:
        pass
    return b"".join(parts)


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.split(b";")[0], 16)
    except ValueError:
        raise HttpError(f"{line[:100]!r}: no chunk's size") from None


def _unframed(framed: bytes) -> bytes:
    """Take the frames of aws-chunked off, and their checksums, which are not judged, with them."""
    parts, at = [], 0
    while True:
        end = framed.find(b"\r\n", at)
        size = _chunk_size(framed[at:end]) if end >= 0 else 0
        if not size:
            return b"".join(parts)
        parts.append(framed[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
