"""A sealed batch: the object that will be put, with its key and its manifest, settled once and for all."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from usagelake.domain.landing import LandingKey
from usagelake.shipping.ledger import State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from usagelake.domain.manifest import Manifest
    from usagelake.shipping.segment import Segment

CONTENT_TYPE: Final = "application/x-ndjson"

_VERSION_7: Final = 0x7
_VARIANT: Final = 0b10


@dataclass(frozen=True, slots=True)
class SealedObject:
    """What is put on the store.

    Attributes:
        key: `<prefix>/YYYY/MM/DD/HH/MM/<uuid>.jsonl`; the minute is the oldest record's.
        body: The lines, verbatim, each ended by a line feed.
        manifest: Count, first and last time, and digest, which become the object's metadata.
    """

    key: str
    body: bytes
    manifest: Manifest


@dataclass(eq=False, slots=True)
class Batch:
    """A sealed batch on its way; every attempt has the same key.

    Attributes:
        name: The batch's UUID (version 7), the file's name in its key.
        prefix: The folders of its key before the time: the lane that it waits in.
        events: How many lines it holds.
        size: Its body's bytes.
        oldest: When its oldest record was offered, in seconds since the epoch.
        sealed: The object, while it is held in memory.
        file: Where it lies in the spool, once it does.
        file_bytes: What it takes there.
        segment: Whose lines it holds; None when it was found in the spool.
        state: Where its events are counted.
        counted: Whether its body counts against the buffer's bounds.
        attempts: How often it was tried.
    """

    name: str
    prefix: str
    events: int
    size: int
    oldest: float
    sealed: SealedObject | None
    file: Path | None = None
    file_bytes: int = 0
    segment: Segment | None = None
    state: State = State.BUFFERED
    counted: bool = False
    attempts: int = 0

    @property
    def at_rest(self) -> State:
        """Where its events are while no attempt is under way: on disk, in a file or a journal, or in memory alone."""
        journaled = self.segment is not None and self.segment.state is State.SPOOLED
        return State.SPOOLED if self.file is not None or journaled else State.BUFFERED


def object_key(prefix: str, minute: int, name: str) -> str:
    """Give the key of a batch.

    Args:
        prefix: Its folders before the time.
        minute: Of its oldest record, in minutes since the epoch.
        name: Its UUID.
    """
    return LandingKey(prefix, datetime.fromtimestamp(minute * 60, UTC), f"{name}.jsonl").render()


def batch_name(segment: uuid.UUID, prefix: str, digest: bytes) -> str:
    """Derive a batch's UUIDv7 from its segment and its content.

    It is made when the batch is sealed, and it is made again, the same, when a journal is replayed after a crash: a
    batch that was delivered meets its own key (412), and other content can never meet it.

    Args:
        segment: The UUIDv7 of the segment whose lines the batch holds; its time becomes the batch's.
        prefix: The folders of the key.
        digest: The SHA-256 of the body.
    """
    drawn = hashlib.sha256(segment.bytes + prefix.encode() + b"\n" + digest).digest()
    return str(uuid7(segment.int >> 80, drawn[:10]))


def uuid7(milliseconds: int, randomness: bytes) -> uuid.UUID:
    """Make a UUID of version 7 (RFC 9562, section 5.7).

    Args:
        milliseconds: Since the epoch; taken modulo 2^48.
        randomness: 10 bytes, of which 74 bits are used.

    Example:
        >>> uuid7(1_645_557_742_000, bytes.fromhex("0cc318c4dc0c0c07398f"))
        UUID('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')
    """
    drawn = int.from_bytes(randomness, "big")
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= _VERSION_7 << 76 | (drawn >> 64 & 0xFFF) << 64
    value |= _VARIANT << 62 | drawn & (1 << 62) - 1
    return uuid.UUID(int=value)


def body_of(lines: Sequence[bytes]) -> bytes:
    """Join lines to a body: each ended by a line feed, otherwise verbatim."""
    return b"\n".join(lines) + b"\n"
