"""A sink that keeps what it is given, in memory."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from usagelake.shipping.source import LineSink, Position

PATIENCE = 20.0
"""Seconds after which a test that waits has failed."""


class RecordingSink:
    """Keeps lines in their order, and the last position of every source; it can be made to block."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.positions: dict[str, int] = {}
        self.room = threading.Event()
        self.room.set()

    def put(self, lines: Sequence[bytes], position: Position | None = None) -> None:
        """Keep lines; as a shipper, wait while there is no room."""
        assert self.room.wait(PATIENCE)
        self.lines.extend(lines)
        if position is not None:
            assert position.source.isascii()
            assert position.source.isprintable()
            assert " " not in position.source
            assert len(position.source) <= 200
            self.positions[position.source] = position.offset

    def position(self, source: str) -> int | None:
        """Tell what was kept."""
        return self.positions.get(source)


@contextmanager
def running(run: Callable[[LineSink, threading.Event], None], sink: LineSink) -> Iterator[threading.Event]:
    """Run a source in a thread of its own; it is stopped, and must end, when the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(sink, stop))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def wait_until(true: Callable[[], object]) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)
