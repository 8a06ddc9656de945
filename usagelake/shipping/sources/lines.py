"""Cutting a stream of bytes into lines."""

from __future__ import annotations

from usagelake.domain.json_lines import MAX_LINE_BYTES


class LineSplitter:
    r"""Cuts a stream of bytes into lines at `b"\n"` and nowhere else; how the stream comes in pieces changes nothing.

    A line is handed on verbatim, without its line feed; a carriage return stays. Of a line above `MAX_LINE_BYTES`
    the first `MAX_LINE_BYTES + 1` bytes are handed on, so that whoever judges it sees that it is too long, and the
    rest is counted in `skipped`: a stream without line feeds takes no more memory than one line.

    >>> splitter = LineSplitter()
    >>> splitter.feed(b'{"id": 1}\n{"i')
    [b'{"id": 1}']
    >>> splitter.pending
    3
    >>> splitter.end()
    [b'{"i']
    """

    def __init__(self) -> None:
        self._begun = bytearray()
        self._pending = 0
        self._skipped = 0

    @property
    def pending(self) -> int:
        """Bytes since the last line feed, those that were skipped among them."""
        return self._pending

    @property
    def skipped(self) -> int:
        """Bytes of lines above the limit that were not handed on."""
        return self._skipped

    def feed(self, piece: bytes) -> list[bytes]:
        """Take the next piece of the stream.

        Args:
            piece: Of any size.

        Returns:
            The lines that it completes, in order; empty ones too.
        """
        *complete, begun = piece.split(b"\n")
        lines: list[bytes] = []
        if complete:
            self._hold(complete[0])
            lines.append(self._take())
            lines.extend(line if len(line) <= MAX_LINE_BYTES else self._cut(line) for line in complete[1:])
        self._hold(begun)
        return lines

    def end(self) -> list[bytes]:
        """Take the stream's end: what stands behind its last line feed is a line, unless it is empty."""
        return [self._take()] if self._pending else []

    def _hold(self, part: bytes) -> None:
        """Add to the line that has begun."""
        self._pending += len(part)
        room = MAX_LINE_BYTES + 1 - len(self._begun)
        self._begun += part[:room]
        self._skipped += max(0, len(part) - room)

    def _take(self) -> bytes:
        """Give the line that has begun, and begin another."""
        line = bytes(self._begun)
        self._begun.clear()
        self._pending = 0
        return line

    def _cut(self, line: bytes) -> bytes:
        self._skipped += len(line) - (MAX_LINE_BYTES + 1)
        return line[: MAX_LINE_BYTES + 1]
