"""Cutting a segment's lines into batches: the same lines in the same order always give the same batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from usagelake.domain.manifest import Manifest
from usagelake.shipping.batch import Batch, SealedObject, batch_name, body_of, object_key
from usagelake.shipping.drop_reason import DropReason
from usagelake.shipping.event_line import read_event_line

if TYPE_CHECKING:
    import uuid


@dataclass(frozen=True, slots=True)
class Rules:
    """How lines become objects; a journal keeps the rules under which it was written.

    Attributes:
        prefix: None: an object holds one event type, in that type's folder. Otherwise all lie below this prefix.
        max_events: Events in an object at most.
        max_bytes: Bytes in an object at most; a single longer line makes an object of its own.
    """

    prefix: str | None
    max_events: int
    max_bytes: int


@dataclass(slots=True)
class _Filling:
    lines: list[bytes] = field(default_factory=list)
    timestamps: list[str] = field(default_factory=list)
    size: int = 0
    minute: int = 0


class Partition:
    """The lines of one segment on their way into batches.

    Args:
        segment: The segment's UUIDv7.
        rules: The layout and the limits.
    """

    def __init__(self, segment: uuid.UUID, rules: Rules) -> None:
        self._segment = segment
        self._rules = rules
        self._filling: dict[str, _Filling] = {}

    def feed(self, line: bytes, minute: int) -> tuple[DropReason | None, list[Batch]]:
        """Take the next line.

        Args:
            line: Without its line feed.
            minute: When it was offered, in minutes since the epoch.

        Returns:
            Why the line cannot be delivered, or None; and the batches that it filled.
        """
        read = read_event_line(line)
        if isinstance(read, DropReason):
            return read, []
        prefix = read.event_type if self._rules.prefix is None else self._rules.prefix
        filling = self._filling.get(prefix)
        full: list[Batch] = []
        if filling is not None and filling.size + len(line) + 1 > self._rules.max_bytes:
            full.append(self._seal(prefix, filling))
            filling = None
        if filling is None:
            filling = self._filling[prefix] = _Filling(minute=minute)
        filling.lines.append(line)
        filling.timestamps.append(read.timestamp)
        filling.size += len(line) + 1
        filling.minute = min(filling.minute, minute)
        if len(filling.lines) >= self._rules.max_events or filling.size >= self._rules.max_bytes:
            full.append(self._seal(prefix, filling))
        return None, full

    def finish(self) -> list[Batch]:
        """Seal what has not filled a batch."""
        return [self._seal(prefix, filling) for prefix, filling in list(self._filling.items())]

    def _seal(self, prefix: str, filling: _Filling) -> Batch:
        del self._filling[prefix]
        body = body_of(filling.lines)
        manifest = Manifest.of(body, filling.timestamps)
        name = batch_name(self._segment, prefix, bytes.fromhex(manifest.sha256))
        return Batch(
            name=name,
            prefix=prefix,
            events=len(filling.lines),
            size=len(body),
            oldest=filling.minute * 60.0,
            sealed=SealedObject(object_key(prefix, filling.minute, name), body, manifest),
        )
