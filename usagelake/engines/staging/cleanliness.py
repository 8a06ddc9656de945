"""Whether DuckDB's fast line reader may be let loose on some bytes."""

from __future__ import annotations

import codecs

from usagelake.domain.json_lines import MAX_LINE_BYTES

_FOREIGN = (b"\r", b"\x01", b"\x00")
r"""A bare CR would split a line; \x01 separates a chunk's columns; neither it nor NUL stands in a JSON text."""


class Cleanliness:
    r"""Looks at an object's bytes as they stream by.

    Clean is UTF-8 without a byte order mark, without CR, NUL and \x01, and without a line above the limit.
    The check may call an object unclean that the reader would survive, never the other way round.
    """

    def __init__(self) -> None:
        self.clean = True
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._mid_character = False
        self._started = False
        self._open_line_bytes = 0

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        if not self.clean:
            return
        if not self._started:
            self._started = True
            self.clean = not chunk.startswith(codecs.BOM_UTF8[:1])
        self.clean = (
            self.clean
            and not any(foreign in chunk for foreign in _FOREIGN)
            and self._is_utf8(chunk)
            and self._lines_fit(chunk)
        )

    def close(self) -> bool:
        """Tell whether all of it was clean."""
        return self.clean and not self._mid_character

    def _is_utf8(self, chunk: bytes) -> bool:
        if chunk.isascii() and not self._mid_character:
            return True
        try:
            self._decoder.decode(chunk)
        except UnicodeDecodeError:
            return False
        self._mid_character = bool(self._decoder.getstate()[0])
        return True

    def _lines_fit(self, chunk: bytes) -> bool:
        """Hop from line end to line end, a limit's length at a time."""
        position = 0
        while self._open_line_bytes + len(chunk) - position > MAX_LINE_BYTES:
            reach = position + MAX_LINE_BYTES - self._open_line_bytes
            line_end = chunk.rfind(b"\n", position, reach)
            if line_end < 0:
                return False
            position = line_end + 1
            self._open_line_bytes = 0
        line_end = chunk.rfind(b"\n", position)
        self._open_line_bytes = (
            self._open_line_bytes + len(chunk) - position if line_end < 0 else len(chunk) - line_end - 1
        )
        return True
