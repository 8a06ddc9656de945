"""A segment: the lines of a few seconds, in their order, until every batch that is cut from them is safe elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.shipping.ledger import State
from usagelake.shipping.partition import Partition, Rules

if TYPE_CHECKING:
    import uuid

    from usagelake.shipping.spool.journal import Journal


class Segment:
    """The lines offered between two cuts.

    Args:
        segment_id: A UUIDv7.
        rules: How its lines become batches.
        journal: Where each line is appended before `emit` returns, if the spool keeps every event.

    Attributes:
        fresh: What the sealer has not taken yet: lines, and before them the minute of the epoch when it changes.
        markers: How many minutes are among them.
        minute_begins: When the last of them begins, in seconds since the epoch; no minute before the first.
        minute_ends: When it ends.
        first: When its first line was offered, in seconds since the epoch.
        since: When the sealer saw it first, in monotonic seconds.
        positions: How far sources were taken when its last lines were.
        outstanding: Batches cut from it that are neither delivered nor kept by the spool in files of their own.
        closed: Whether all its lines are in batches.
    """

    __slots__ = (
        "closed",
        "first",
        "fresh",
        "id",
        "journal",
        "markers",
        "minute_begins",
        "minute_ends",
        "outstanding",
        "partition",
        "positions",
        "since",
        "state",
        "taken_minute",
    )

    def __init__(self, segment_id: uuid.UUID, rules: Rules, journal: Journal | None = None) -> None:
        self.id = segment_id
        self.journal = journal
        self.state = State.BUFFERED if journal is None else State.SPOOLED
        self.partition = Partition(segment_id, rules)
        self.fresh: list[bytes | int] = []
        self.markers = 0
        self.minute_begins = 0.0
        self.minute_ends = 0.0
        self.taken_minute = 0
        self.first: float | None = None
        self.since: float | None = None
        self.positions: dict[str, int] = {}
        self.outstanding = 0
        self.closed = False

    @property
    def finished(self) -> bool:
        """Whether nothing of it would be missed if its journal were gone."""
        return self.closed and self.outstanding == 0

    def turn(self, created: float) -> None:
        """Note that the lines that follow are offered in another minute: that of a time in seconds since the epoch."""
        minute = int(created // 60)
        self.minute_begins = minute * 60.0
        self.minute_ends = self.minute_begins + 60.0
        self.markers += 1
        self.fresh.append(minute)
