r"""A journal: the lines of one segment, appended before `emit` returns, until each is safe elsewhere.

The file holds the lines verbatim, each ended by a line feed, and between them lines of its own that begin with `#`,
which no event does: the header (version, segment, rules), `#at N` (the lines that follow were offered in minute N of
the epoch), and around lines of a source that can be read again `#group N` (N bytes follow that count as a whole or not
at all) and `#pos OFFSET SOURCE` (the source has been taken up to there). What stands after the last line feed, or in a
group that is not whole, was being written when the process or the machine ended: its `emit` had not returned, or it
will be read from its source again.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from usagelake.shipping.partition import Rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX: Final = ".journal"
_HEADER: Final = b"#usagelake-journal "
_AT: Final = b"#at "
_GROUP: Final = b"#group "
_POSITION: Final = b"#pos "
_VERSION: Final = 1


class Journal:
    """A journal that is being written.

    Args:
        path: The file, which must not exist.
        segment: The segment whose lines it keeps.
        rules: How its lines become batches, for whoever replays it.
        limit: Its size in bytes at most; it may change.

    Raises:
        OSError: It cannot be made.
    """

    def __init__(self, path: Path, segment: uuid.UUID, rules: Rules, limit: int) -> None:
        self.path = path
        self.size = 0
        self.fault: OSError | None = None
        self.limit = limit
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        header = {"version": _VERSION, "segment": str(segment), **asdict(rules)}
        if not self.append(_HEADER + json.dumps(header).encode() + b"\n"):
            self.close()
            path.unlink()
            raise OSError(f"{path}: the spool has no room for another journal") from self.fault

    def append(self, data: bytes) -> bool:
        """Append whole lines.

        Returns:
            False when they are not in the journal: it is full, or the disk is (`fault`). Nothing half-written is left.
        """
        if self.size + len(data) > self.limit:
            return False
        try:
            written = os.write(self._descriptor, data)
        except OSError as fault:
            self.fault = fault
            return False
        if written == len(data):
            self.size += written
            return True
        self.limit = 0
        try:
            os.ftruncate(self._descriptor, self.size)
        except OSError as fault:
            self.fault = fault
        return False

    def sync(self) -> None:
        """Bring what was appended to the disk.

        Raises:
            OSError: It may not outlive the machine.
        """
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Let go of the file, here and in a forked child alike."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def at_minute(minute: int) -> bytes:
    """Write that the lines that follow were offered in this minute of the epoch."""
    return b"%b%d\n" % (_AT, minute)


def with_position(lines: bytes, source: str, offset: int) -> bytes:
    """Write whole lines, and that their source has been taken up to an offset with them: all of it or nothing."""
    group = lines + b"%b%d %b\n" % (_POSITION, offset, source.encode())
    return b"%b%d\n" % (_GROUP, len(group)) + group


@dataclass(frozen=True, slots=True)
class JournalHeader:
    """What a journal says of itself.

    Attributes:
        segment: Whose lines it keeps.
        rules: How they become batches.
    """

    segment: uuid.UUID
    rules: Rules


class ForeignJournalError(Exception):
    """A file that another version wrote, or that is no journal; it is left as it is."""


def read_header(path: Path) -> JournalHeader | None:
    """Read a journal's first line; None when the journal ended before it was whole.

    Raises:
        ForeignJournalError: It is not of this version.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        first = file.readline()
    if not first.endswith(b"\n") and _HEADER.startswith(first[: len(_HEADER)]):
        return None
    try:
        header = json.loads(first.removeprefix(_HEADER))
        if not first.startswith(_HEADER) or header.pop("version") != _VERSION:
            raise ForeignJournalError(path)
        return JournalHeader(uuid.UUID(header.pop("segment")), Rules(**header))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ForeignJournalError(path) from error


def read_lines(path: Path) -> Iterator[tuple[bytes, int] | tuple[str, int]]:
    """Read a journal again: its lines with their minutes, and positions as (source, offset), in order.

    Raises:
        OSError: It cannot be read.
    """
    minute = 0
    left = path.stat().st_size
    with path.open("rb") as file:
        for written in file:
            left -= len(written)
            if not written.endswith(b"\n"):
                return
            line = written[:-1]
            if line.startswith(_AT):
                minute = int(line[len(_AT) :])
            elif line.startswith(_GROUP):
                if left < int(line[len(_GROUP) :]):
                    return
            elif line.startswith(_POSITION):
                offset, source = line[len(_POSITION) :].split(b" ", 1)
                yield source.decode(), int(offset)
            elif not line.startswith(_HEADER):
                yield line, minute
