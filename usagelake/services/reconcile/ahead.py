"""Reading small objects of a remote place several at a time, in the order they were asked for."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from usagelake.storage import ObjectInfo, Storage

Asked = TypeVar("Asked")
Given = TypeVar("Given")

_THREADS: Final = 8
_AHEAD: Final = 16
_SMALL_BYTES: Final = 4_000_000


def ask_ahead(ask: Callable[[Asked], Given], things: Iterable[Asked]) -> Iterator[tuple[Asked, Given]]:
    """Ask something of each of many, a few in flight at a time.

    Args:
        ask: Is called from threads of its own.
        things: What it is called with.

    Yields:
        Each with its answer, in order. An error is raised where its answer would stand.
    """
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="usagelake-read") as pool:
        pending: deque[tuple[Asked, Future[Given]]] = deque()
        try:
            for thing in things:
                pending.append((thing, pool.submit(ask, thing)))
                if len(pending) >= _AHEAD:
                    first, answer = pending.popleft()
                    yield first, answer.result()
            while pending:
                first, answer = pending.popleft()
                yield first, answer.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def bodies(storage: Storage, objects: list[ObjectInfo]) -> Iterator[tuple[ObjectInfo, Iterable[bytes]]]:
    """Give each object's bytes, in chunks; at most 16 small objects of a remote place are in memory at once.

    Raises:
        StorageError: An object cannot be read.
    """

    def read(info: ObjectInfo) -> Iterable[bytes]:
        return storage.read(info.key) if info.size > _SMALL_BYTES else [b"".join(storage.read(info.key))]

    if all(storage.path(info.key) is not None for info in objects[:1]):
        return ((info, storage.read(info.key)) for info in objects)
    return ask_ahead(read, objects)
