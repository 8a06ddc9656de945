"""The objects, in memory, and their listing."""

from __future__ import annotations

import threading
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import md5
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PAGE_KEYS = 1000


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object.

    Attributes:
        body: Its bytes.
        etag: The MD5 of them in quotes, as S3's.
        content_type: As it was put.
        metadata: What came as `x-amz-meta-*`, without that prefix.
        modified: When it was stored.
    """

    body: bytes
    etag: str
    content_type: str
    metadata: Mapping[str, str]
    modified: datetime

    def headers(self) -> dict[str, str]:
        """Return the headers of an answer to HEAD or GET."""
        return {
            "ETag": self.etag,
            "Content-Type": self.content_type,
            "Last-Modified": format_datetime(self.modified, usegmt=True),
            "Accept-Ranges": "bytes",
        } | {f"x-amz-meta-{name}": value for name, value in self.metadata.items()}


class Store:
    """Every bucket's objects; a bucket that nobody created exists too.

    Args:
        now: The time, for `Last-Modified`.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._objects: dict[str, StoredObject] = {}
        self._lock = threading.Lock()
        self._now = now

    def put(self, key: str, body: bytes, content_type: str, metadata: Mapping[str, str], *, if_absent: bool) -> str:
        """Store an object, all at once.

        Returns:
            Its ETag; empty when `if_absent` was asked for and there is one already.
        """
        etag = f'"{md5(body, usedforsecurity=False).hexdigest()}"'
        made = StoredObject(body, etag, content_type, dict(metadata), self._now())
        with self._lock:
            if if_absent and key in self._objects:
                return ""
            self._objects[key] = made
        return etag

    def get(self, key: str) -> StoredObject | None:
        """Find one object, by `bucket/key`."""
        return self._objects.get(key)

    def all(self) -> dict[str, StoredObject]:
        """Return every object by `bucket/key`."""
        with self._lock:
            return dict(self._objects)

    def listing(self, bucket: str, query: Mapping[str, str]) -> bytes:
        """Answer ListObjectsV2: one page, with the token of the next."""
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        page = min(int(query.get("max-keys", PAGE_KEYS)), PAGE_KEYS)
        after = query.get("continuation-token") or query.get("start-after", "")
        start = len(bucket) + 1
        found = {key[start:]: entry for key, entry in self.all().items() if key.startswith(f"{bucket}/{prefix}")}
        names = _rolled_up(found, prefix, delimiter)
        names = names[bisect_right(names, after) :]
        shown = names[:page]
        name = quote if query.get("encoding-type") == "url" else escape
        parts = [
            "<Name>" + escape(bucket) + "</Name>",
            f"<Prefix>{name(prefix)}</Prefix><KeyCount>{len(shown)}</KeyCount><MaxKeys>{page}</MaxKeys>",
            f"<IsTruncated>{str(len(names) > page).lower()}</IsTruncated>",
        ]
        if delimiter:
            parts.append(f"<Delimiter>{name(delimiter)}</Delimiter>")
        if query.get("encoding-type") == "url":
            parts.append("<EncodingType>url</EncodingType>")
        if len(names) > page:
            parts.append(f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>")
        parts.extend(
            f"<CommonPrefixes><Prefix>{name(key)}</Prefix></CommonPrefixes>"
            if key not in found
            else f"<Contents><Key>{name(key)}</Key><LastModified>{found[key].modified:%Y-%m-%dT%H:%M:%S}.000Z"
            f"</LastModified><ETag>{escape(found[key].etag)}</ETag><Size>{len(found[key].body)}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for key in shown
        )
        return _document("ListBucketResult", "".join(parts))


def error_document(code: str, message: str, key: str) -> bytes:
    """Write an error as S3 does."""
    told = f"<Code>{code}</Code><Message>{escape(message)}</Message><Resource>/{escape(key)}</Resource>"
    return _document("Error", told + "<RequestId>0</RequestId>")


def _rolled_up(found: Iterable[str], prefix: str, delimiter: str) -> list[str]:
    if not delimiter:
        return sorted(found)
    names = set()
    for key in found:
        head, cut, _ = key[len(prefix) :].partition(delimiter)
        names.add(prefix + head + cut if cut else key)
    return sorted(names)


def _document(root: str, content: str) -> bytes:
    space = "" if root == "Error" else ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}{space}>{content}</{root}>'.encode()
