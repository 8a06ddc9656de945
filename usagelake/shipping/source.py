"""What a source of lines and a shipper agree on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Position:
    """How far a source that can be read again, such as a followed file, has been taken.

    Attributes:
        source: The source's name: printable ASCII without spaces, at most 200 characters; for a file its device,
            inode and a digest of its first bytes, so that rotation and reuse of inodes are told apart.
        offset: The byte after the last line that was taken.
    """

    source: str
    offset: int


class LineSink(Protocol):
    """Takes lines from a source that can wait."""

    def put(self, lines: Sequence[bytes], position: Position | None = None) -> None:
        """Take lines, in order, waiting while the buffer is full.

        Args:
            lines: Each without its line feed, otherwise verbatim; blank lines may be among them.
            position: Where the source stands after the last of them. It is kept in the spool together with the
                lines (`every-event`) or after them (`sealed`), never before.
        """

    def position(self, source: str) -> int | None:
        """Tell up to which offset a source's lines are safe from an earlier run; None when it is unknown."""
