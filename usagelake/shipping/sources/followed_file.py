"""One file that grows, held open so that a new name or a deletion takes nothing away."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from usagelake.domain.json_lines import MAX_LINE_BYTES
from usagelake.shipping.source import Position
from usagelake.shipping.sources.lines import LineSplitter
from usagelake.shipping.sources.position_name import HEAD_BYTES, Identity, known_offset, position_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from usagelake.shipping.source import LineSink

READ_BYTES: Final = 128 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """What was read from a file at once.

    Attributes:
        content: Its bytes.
        anew: Whether the file was emptied before, and these are its first ones.
    """

    content: bytes
    anew: bool


class FollowedFile:
    """Hands on a file's lines as they are completed.

    Args:
        descriptor: The open file; this object closes it.
        offset: Where to begin.
    """

    def __init__(self, descriptor: int, offset: int = 0) -> None:
        self._descriptor = descriptor
        self._identity = identity_of(os.fstat(descriptor))
        self._read = offset
        self._head = os.pread(descriptor, min(offset, HEAD_BYTES), 0)
        self._splitter = LineSplitter()

    @classmethod
    def open(cls, path: Path, known: Callable[[str], int | None], *, unknown: str) -> Self | None:
        """Open a file where it was left off.

        Args:
            path: The file.
            known: Tells the offset that is kept under a position's name.
            unknown: Where to begin when there is none: `start`, `end` (behind the last line feed), or `never`.

        Returns:
            The file; None when nothing is known about it and it is never to be begun.

        Raises:
            OSError: It cannot be opened, or is no regular file.
        """
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found = _regular(descriptor)
            head = os.pread(descriptor, HEAD_BYTES, 0)
            offset = known_offset(known, identity_of(found), head, found.st_size)
            if offset is not None:
                return cls(descriptor, offset)
            if unknown != "never":
                return cls(descriptor, _last_line_end(descriptor, found.st_size) if unknown == "end" else 0)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    @property
    def identity(self) -> Identity:
        """Device and inode."""
        return self._identity

    @property
    def position(self) -> Position:
        """Behind the last line that was handed on."""
        offset = self._read - self._splitter.pending
        return Position(position_name(self._identity, self._head, offset), offset)

    @property
    def unread(self) -> int:
        """Bytes that have not been read."""
        return os.fstat(self._descriptor).st_size - self._read

    @property
    def changed_at(self) -> float:
        """When somebody last wrote to it, in seconds since the epoch."""
        return os.fstat(self._descriptor).st_mtime

    @property
    def deleted(self) -> bool:
        """Whether the file has no name any more."""
        return os.fstat(self._descriptor).st_nlink == 0

    def read(self) -> Piece | None:
        """Read on.

        When the file has been emptied and written anew (copytruncate), which shows in its size or in its first
        bytes, its new content is read from the beginning.

        Returns:
            What is new; None when nothing is.

        Raises:
            OSError: The file cannot be read.
        """
        size = os.fstat(self._descriptor).st_size
        anew = size < self._read or os.pread(self._descriptor, len(self._head), 0) != self._head
        content = os.pread(self._descriptor, READ_BYTES, 0 if anew else self._read)
        return Piece(content, anew) if content or anew else None

    def hand_on(self, piece: Piece, sink: LineSink) -> None:
        """Hand on the lines that a piece completes; a line that was begun before the file was emptied has ended."""
        if piece.anew:
            if lines := self._splitter.end():
                sink.put(lines)
            self._read = 0
            self._head = b""
        if len(self._head) < HEAD_BYTES:
            self._head += piece.content[: HEAD_BYTES - len(self._head)]
        self._read += len(piece.content)
        if lines := self._splitter.feed(piece.content):
            sink.put(lines, self.position)

    def finish(self, sink: LineSink) -> None:
        """Hand on what stands behind the last line feed: nobody will complete it."""
        if lines := self._splitter.end():
            sink.put(lines, self.position)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def identity_of(found: os.stat_result) -> Identity:
    """Tell device and inode."""
    return found.st_dev, found.st_ino


def _regular(descriptor: int) -> os.stat_result:
    """Look at a file.

    Raises:
        OSError: It is a folder, a pipe or a device.
    """
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file")
    return found


def _last_line_end(descriptor: int, size: int) -> int:
    """Tell where the last line feed of a file ends; its size when there is none within a line's length."""
    begin = max(0, size - MAX_LINE_BYTES)
    place = os.pread(descriptor, size - begin, begin).rfind(b"\n")
    if place >= 0:
        return begin + place + 1
    return 0 if begin == 0 else size
