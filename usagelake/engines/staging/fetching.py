"""Objects of a batch fetched before they are read: one at a time, each would wait for the store's answer alone."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

from usagelake.errors import StorageUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from usagelake.storage import ObjectInfo, Storage

THREADS: Final = 16
"""How many objects are fetched at the same time."""

AHEAD_OBJECTS: Final = 64
"""How many objects are fetched, or wait to be read, at most."""

AHEAD_BYTES: Final = 64 * 1024 * 1024
"""How many bytes they have at most."""

LARGE_BYTES: Final = 16 * 1024 * 1024
"""An object of more is read as it comes, and never held whole."""

PAUSES: Final = (0.2, 1.0, 3.0)
"""Seconds to wait before a fetch is tried again that the store could not serve."""

Read: TypeAlias = "Callable[[str], Iterator[bytes]]"


@contextmanager
def fetched_ahead(storage: Storage, objects: Iterable[ObjectInfo]) -> Iterator[Read]:
    """Give what reads objects of a batch; those of a store that is elsewhere are fetched ahead, side by side.

    Args:
        storage: Where they lie.
        objects: The batch, in the order in which each will be read first.

    Gives:
        `read(key)`, which gives an object's bytes in chunks, or raises the StorageError that reading it raised. What is
        read a second time, or out of order, is read from the store.
    """
    if storage.path("-") is not None:
        yield storage.read
        return
    with ThreadPoolExecutor(THREADS, thread_name_prefix="fetching") as threads:
        window = _Window(storage, objects, threads)
        try:
            yield window.read
        finally:
            window.close()


class _Window:
    """The objects that are fetched, or wait to be read."""

    def __init__(self, storage: Storage, objects: Iterable[ObjectInfo], threads: ThreadPoolExecutor) -> None:
        self._storage = storage
        self._coming = iter(objects)
        self._threads = threads
        self._fetched: deque[tuple[ObjectInfo, Future[list[bytes]] | None]] = deque()
        self._bytes = 0
        self._fill()

    def read(self, key: str) -> Iterator[bytes]:
        """Read an object: the next one, or any other by a request of its own."""
        if not self._fetched or self._fetched[0][0].key != key:
            return self._storage.read(key)
        info, future = self._fetched.popleft()
        self._bytes -= info.size
        self._fill()
        return self._storage.read(key) if future is None else iter(future.result())

    def close(self) -> None:
        """Fetch no more."""
        for _, future in self._fetched:
            if future is not None:
                future.cancel()

    def _fill(self) -> None:
        while len(self._fetched) < AHEAD_OBJECTS and self._bytes < AHEAD_BYTES:
            info = next(self._coming, None)
            if info is None:
                return
            large = info.size > LARGE_BYTES
            self._fetched.append((info, None if large else self._threads.submit(_fetch, self._storage, info.key)))
            self._bytes += info.size


def _fetch(storage: Storage, key: str) -> list[bytes]:
    """Read an object whole, again while the store cannot serve it."""
    for pause in PAUSES:
        try:
            return list(storage.read(key))
        except StorageUnavailableError:
            time.sleep(pause)
    return list(storage.read(key))
