"""What a server did, in memory and, where it has a folder, in files that a test reads after a crash."""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REQUESTS = "requests.ndjson"
BODIES = "bodies"


@dataclass(frozen=True, slots=True)
class Entry:
    """One request.

    Attributes:
        at: When it was answered, or not, in seconds since the epoch.
        method: PUT, GET, HEAD, POST.
        key: `bucket/key`, or the bucket alone.
        fault: What was done to it, if anything.
        status: What was decided to answer; 0 where nothing was.
        stored: Whether this request created or replaced an object.
        digest: SHA-256 of the body that came whole, in hex; empty otherwise.
        offset: Where the stored body starts in the file of bodies.
        size: The stored body's size.
    """

    at: float
    method: str
    key: str
    fault: str | None = None
    status: int = 0
    stored: bool = False
    digest: str = ""
    offset: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class StoredBody:
    """An object as it was stored, in the order of storing; a key that comes twice was overwritten."""

    key: str
    body: bytes
    at: float


class Journal:
    """Takes entries from many threads.

    Args:
        folder: Where to write; None keeps the entries in memory only.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.entries: list[Entry] = []
        self._lock = threading.Lock()
        self._end = 0
        self._requests = self._bodies = -1
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._requests = os.open(folder / REQUESTS, flags, 0o644)
            self._bodies = os.open(folder / BODIES, flags, 0o644)
            self._end = os.fstat(self._bodies).st_size

    def record(
        self, method: str, key: str, *, fault: str | None, status: int, stored: bool = False, body: bytes | None = None
    ) -> None:
        """Write one request down; the body first, so that an entry never names one that is not there."""
        digest = "" if body is None else sha256(body).hexdigest()
        with self._lock:
            offset, size = self._end, 0
            if stored and body is not None:
                size = len(body)
                if self._bodies >= 0:
                    os.write(self._bodies, body)
                    self._end += size
            entry = Entry(time.time(), method, key, fault, status, stored, digest, offset, size)
            self.entries.append(entry)
            if self._requests >= 0:
                os.write(self._requests, json.dumps(asdict(entry), separators=(",", ":")).encode() + b"\n")

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            for descriptor in (self._requests, self._bodies):
                if descriptor >= 0:
                    os.close(descriptor)
            self._requests = self._bodies = -1


def read_journal(folder: Path) -> tuple[list[Entry], list[StoredBody]]:
    """Read what the servers of a folder did, one after the other.

    Returns:
        Every request, and every object that was stored, both in order.
    """
    entries = list(_entries(folder))
    bodies = (folder / BODIES).read_bytes()
    stored = [
        StoredBody(entry.key, bodies[entry.offset : entry.offset + entry.size], entry.at)
        for entry in entries
        if entry.stored
    ]
    return entries, stored


def _entries(folder: Path) -> Iterator[Entry]:
    for line in (folder / REQUESTS).read_bytes().splitlines():
        yield Entry(**json.loads(line))
