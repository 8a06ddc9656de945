"""A store in memory that does to each put what it is told."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from usagelake.storage.protocol import PutOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from usagelake.storage.protocol import ObjectInfo


class MemoryStore:
    """Keeps objects, and raises what stands in `faults`, one per put, before or after it stores.

    Args:
        faults: Each None, or an error to raise instead of storing.
        lasting: Raised by every put once `faults` is used up; None lets them work.
    """

    location = "memory"

    def __init__(self, *faults: Exception | None, lasting: Exception | None = None) -> None:
        self.objects: dict[str, tuple[bytes, str, dict[str, str]]] = {}
        self.puts: list[str] = []
        self.faults = deque(faults)
        self.lasting = lasting
        self.gate = threading.Event()
        self.gate.set()
        self._lock = threading.Lock()

    def put_if_absent(self, key: str, body: bytes, *, content_type: str, metadata: Mapping[str, str]) -> PutOutcome:
        """Put, unless a fault is next."""
        self.gate.wait()
        with self._lock:
            self.puts.append(key)
            fault = self.faults.popleft() if self.faults else self.lasting
            if fault is not None:
                raise fault
            if key in self.objects:
                return PutOutcome.EXISTS
            self.objects[key] = (body, content_type, dict(metadata))
            return PutOutcome.CREATED

    def lines(self) -> list[bytes]:
        """Give every line of every object."""
        return [line for body, _, _ in self.objects.values() for line in body.split(b"\n")[:-1]]

    def list(self) -> Iterator[ObjectInfo]:
        raise NotImplementedError

    def read(self, key: str) -> Iterator[bytes]:
        raise NotImplementedError

    def path(self, key: str) -> Path | None:
        raise NotImplementedError

    def metadata(self, key: str) -> dict[str, str]:
        return self.objects[key][2]
