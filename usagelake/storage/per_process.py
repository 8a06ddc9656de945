"""One value per process: clients that a fork must not share."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Opens a value when it is first asked for, once in every process.

    A forked child finds neither its parent's value nor its parent's lock, which a thread may have held that the
    child does not have. The parent's value is kept from being collected there: closing what two processes share
    would close it for both.

    Args:
        opener: Makes the value. What it raises is raised by `get`, and the next `get` tries again.

    Example:
        >>> numbers = PerProcess(iter([1, 2]).__next__)
        >>> numbers.get(), numbers.get()
        (1, 1)
        >>> numbers.forget(1)
        >>> numbers.get()
        2
    """

    def __init__(self, opener: Callable[[], T]) -> None:
        self._opener = opener
        self._slots: dict[int, _Slot[T]] = {}

    def get(self) -> T:
        """Return this process's value."""
        slot = self._slot()
        held = slot.held
        if held:
            return held[0]
        with slot.lock:
            if not slot.held:
                slot.held = (self._opener(),)
            return slot.held[0]

    def forget(self, value: T) -> None:
        """Let the next `get` open another value, unless that has happened already."""
        slot = self._slot()
        with slot.lock:
            if slot.held and slot.held[0] is value:
                slot.held = ()

    def _slot(self) -> _Slot[T]:
        pid = os.getpid()
        slot = self._slots.get(pid)
        # One of two threads that come at once wins, and both get the winner's.
        return self._slots.setdefault(pid, _Slot()) if slot is None else slot


class _Slot(Generic[T]):
    def __init__(self) -> None:
        self.lock = Lock()
        self.held: tuple[T] | tuple[()] = ()
