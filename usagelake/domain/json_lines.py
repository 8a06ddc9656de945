"""Splitting a landing object into lines, one at a time, exactly as docs/contracts.md says.

This is the tolerant path: it reads what an engine's fast reader cannot (damaged gzip, invalid UTF-8, a
monstrous line), keeps the good lines and says of each bad one why. Its memory is bounded by one line and one
chunk, however long the object or its longest line is.

Whether a line holds valid JSON is left to the parser of its source, which has to read it anyway; here JSON is
read only where two objects may be joined as `}{`.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from usagelake.domain.gzip_members import GzipDamagedError, gunzip_chunks
from usagelake.domain.json_text import InvalidJsonError, read_json
from usagelake.domain.quarantine import MAX_TEXT_BYTES, Reason, cut_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "MAX_LINE_BYTES",
    "MAX_OPENING_BRACKETS",
    "GzipDamagedError",
    "Line",
    "gunzip_chunks",
    "read_object",
    "split_lines",
]

MAX_LINE_BYTES: Final = 1_048_576
"""The longest line, in bytes after trimming: 1 MiB, as docs/contracts.md says."""

MAX_OPENING_BRACKETS: Final = 1000
"""The most `{` and `[` of a line together, in strings or not; no line is nested deeper."""

_BYTE_ORDER_MARK: Final = codecs.BOM_UTF8
_SPACE: Final = b" \t\r"
_LONGEST_CHARACTER: Final = 4
_CHUNK_BYTES: Final = 1_048_576
_MAYBE_JOINED: Final = re.compile(r"\}[ \t\r]*\{")
_JOINT: Final = re.compile(r"(?<=\})[ \t\r]*(?=\{)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a landing object.

    Attributes:
        text: The line, trimmed. Of one that is too long or no UTF-8 what quarantine keeps: at most 64 KiB, with
            U+FFFD where the bytes were no UTF-8.
        reason: None when the line goes on to the parser of its source; otherwise why it cannot.
    """

    text: str
    reason: Reason | None = None


def read_object(chunks: Iterable[bytes], *, gzipped: bool) -> Iterator[Line]:
    r"""Read the lines of a whole landing object.

    Args:
        chunks: The object's bytes, cut anywhere.
        gzipped: Whether the object is gzip, which the end of its key tells (`.gz`).

    Yields:
        The lines in the object's order; blank lines are left out. Of a gzip object that is damaged or ends
        early (also of one without any byte) the complete lines that could be read and then one bad line,
        whose text is the piece that was being read.

    Example:
        >>> import gzip
        >>> [line.text for line in read_object([gzip.compress(b'{"id":"a"}\n')], gzipped=True)]
        ['{"id":"a"}']
    """
    if not gzipped:
        yield from split_lines(chunks)
        return
    splitter = _Splitter()
    try:
        for chunk in gunzip_chunks(chunks):
            yield from splitter.feed(chunk)
    except GzipDamagedError:
        yield Line(splitter.unfinished(), Reason.GZIP_DAMAGED)
    else:
        yield from splitter.close()


def split_lines(data: bytes | Iterable[bytes]) -> Iterator[Line]:
    r"""Split the bytes of an object into its lines.

    Args:
        data: The bytes, whole or as chunks cut anywhere.

    Yields:
        The lines in order; blank lines are left out.

    Example:
        >>> [line.text for line in split_lines(b'{"id":"a"} {"id":"b"}\r\n\n{"id":"c"}')]
        ['{"id":"a"}', '{"id":"b"}', '{"id":"c"}']
    """
    splitter = _Splitter()
    for chunk in (data,) if isinstance(data, bytes) else data:
        yield from splitter.feed(chunk)
    yield from splitter.close()


class _Splitter:
    """The piece that is being read: its beginning, and whether it has outgrown a line."""

    def __init__(self) -> None:
        self._start: bytes | None = b""
        self._head = bytearray()
        self._too_long = False

    def feed(self, chunk: bytes) -> Iterator[Line]:
        """Take the next bytes, and yield the lines that they end."""
        if self._start is not None:
            chunk = self._start + chunk
            if len(chunk) < len(_BYTE_ORDER_MARK) and _BYTE_ORDER_MARK.startswith(chunk):
                self._start = chunk
                return
            self._start = None
            chunk = chunk.removeprefix(_BYTE_ORDER_MARK)
        for start in range(0, len(chunk), _CHUNK_BYTES):
            *ended, rest = chunk[start : start + _CHUNK_BYTES].split(b"\n")
            for piece in ended:
                self._extend(piece)
                yield from self._end_piece()
            self._extend(rest)

    def close(self) -> Iterator[Line]:
        """Yield what stands after the last line feed."""
        self._extend(self._start or b"")
        yield from self._end_piece()

    def unfinished(self) -> str:
        """Return the text of the piece that was being read, as far as quarantine keeps it."""
        self._extend(self._start or b"")
        return _kept_text(self._trimmed())

    def _extend(self, more: bytes) -> None:
        head = self._head
        head += more if head else more.lstrip(_SPACE)
        if len(head) > MAX_LINE_BYTES:
            self._too_long = self._too_long or bool(head[MAX_LINE_BYTES:].strip(_SPACE))
            del head[MAX_LINE_BYTES:]

    def _trimmed(self) -> bytes:
        """Give the piece as it would stand if it ended here."""
        head = bytes(self._head)
        return head if self._too_long else head.rstrip(_SPACE)

    def _end_piece(self) -> Iterator[Line]:
        piece, too_long = self._trimmed(), self._too_long
        self._head.clear()
        self._too_long = False
        if not piece:
            return
        if too_long:
            yield Line(_kept_text(piece), Reason.LINE_TOO_LONG)
            return
        try:
            text = piece.decode()
        except UnicodeDecodeError:
            yield Line(_kept_text(piece), Reason.NOT_UTF8)
            return
        if len(text) > MAX_OPENING_BRACKETS and text.count("{") + text.count("[") > MAX_OPENING_BRACKETS:
            yield Line(text, Reason.TOO_MANY_BRACKETS)
            return
        for part in _part_joined(text):
            yield Line(part)


def _part_joined(text: str) -> list[str]:
    """Part a line that is no JSON value between every `}` and `{`."""
    if _MAYBE_JOINED.search(text) is None or _is_json(text):
        return [text]
    return _JOINT.split(text)


def _is_json(text: str) -> bool:
    try:
        read_json(text)
    except InvalidJsonError:
        return False
    return True


def _kept_text(piece: bytes) -> str:
    """Decode the beginning of a bad piece; a character that the cut halves is left out, not replaced."""
    beginning = piece[: MAX_TEXT_BYTES + _LONGEST_CHARACTER]
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return cut_text(decoder.decode(beginning, final=len(beginning) == len(piece)))
