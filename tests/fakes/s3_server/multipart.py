"""Uploads in parts: what a peer in the loss table asks for, and no more of it than that."""

from __future__ import annotations

import re
import threading
import uuid
from hashlib import md5
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.s3_server.store import Store

_PART_NUMBER = re.compile(rb"<PartNumber>(\d+)</PartNumber>")


class Uploads:
    """The uploads that are under way.

    Args:
        store: Where a completed upload becomes an object.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._parts: dict[str, dict[int, bytes]] = {}
        self._lock = threading.Lock()

    def begin(self, bucket: str, key: str) -> bytes:
        """Begin an upload; return the answer's document."""
        upload = uuid.uuid4().hex
        with self._lock:
            self._parts[upload] = {}
        told = f"<Bucket>{bucket}</Bucket><Key>{key}</Key><UploadId>{upload}</UploadId>"
        return f"<InitiateMultipartUploadResult>{told}</InitiateMultipartUploadResult>".encode()

    def knows(self, upload: str) -> bool:
        """Whether an upload is under way."""
        return upload in self._parts

    def part(self, upload: str, number: int, body: bytes) -> str:
        """Take a part; return its ETag."""
        with self._lock:
            self._parts[upload][number] = body
        return f'"{md5(body, usedforsecurity=False).hexdigest()}"'

    def complete(self, upload: str, name: str, listed: bytes) -> tuple[bytes, bytes]:
        """Make the object of the parts that are listed; return the answer's document and the object's body."""
        with self._lock:
            parts = self._parts.pop(upload)
        body = b"".join(parts[int(number)] for number in _PART_NUMBER.findall(listed))
        etag = self._store.put(name, body, "application/octet-stream", {}, if_absent=False)
        bucket, _, key = name.partition("/")
        told = f"<Bucket>{bucket}</Bucket><Key>{key}</Key><ETag>{etag}</ETag>"
        return f"<CompleteMultipartUploadResult>{told}</CompleteMultipartUploadResult>".encode(), body

    def abort(self, upload: str) -> None:
        """Forget an upload."""
        with self._lock:
            self._parts.pop(upload, None)
