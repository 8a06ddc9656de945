"""Lines from a descriptor that is read once, such as standard input."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING, Final

from usagelake.shipping.sources.lines import LineSplitter

if TYPE_CHECKING:
    import threading

    from usagelake.shipping.source import LineSink

READ_BYTES: Final = 128 * 1024
STOP_WITHIN: Final = 0.2
"""Seconds until a source that waits for lines notices that it is to stop."""
DRAINED_BYTES: Final = 1024 * 1024
"""Read at most after the stop: as much as Linux lets a pipe hold."""


class StreamSource:
    """Hands on a stream's lines as soon as they are there.

    Asked to stop, it still takes what has been written already, as far as a pipe can hold it. What stands behind
    the last line feed is handed on as a line: it cannot be read a second time.

    Args:
        descriptor: To read; it is left open.
        name: For messages.
    """

    def __init__(self, descriptor: int, *, name: str = "standard input") -> None:
        self._descriptor = descriptor
        self._name = name

    @property
    def name(self) -> str:
        """What is read, for messages."""
        return self._name

    def run(self, sink: LineSink, stop: threading.Event) -> None:
        """Read until the stream ends, or until `stop` is set.

        Raises:
            OSError: The descriptor cannot be read.
        """
        splitter = LineSplitter()
        while not stop.is_set():
            if self._readable(STOP_WITHIN) and not self._take(sink, splitter):
                break
        else:
            drained = 0
            while drained < DRAINED_BYTES and self._readable(0) and (taken := self._take(sink, splitter)):
                drained += taken
        if lines := splitter.end():
            sink.put(lines)

    def _readable(self, timeout: float) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], timeout)
        return bool(ready)

    def _take(self, sink: LineSink, splitter: LineSplitter) -> int:
        """Read what is there and hand on its lines; 0 at the end of the stream."""
        piece = os.read(self._descriptor, READ_BYTES)
        if lines := splitter.feed(piece):
            sink.put(lines)
        return len(piece)
