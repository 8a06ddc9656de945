"""What a shipper has done and holds, at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counts of one shipper of one process, all read at one moment; events unless it says otherwise.

    `offered + recovered = delivered + failed + dropped + buffered + in_flight + spooled`, always: an event is in
    exactly one of the states on the right.

    Attributes:
        offered: Handed to the shipper, by `emit` or by a source of `usagelake ship`.
        recovered: Found in the spools of processes that ended.
        delivered: In objects that the store has, by this shipper's word or by a 412.
        failed: Given up after at least one attempt, at the end of a process without a spool.
        dropped: Not taken, or not deliverable, by reason (docs/delivery.md lists the reasons).
        buffered: In this process's memory alone: what a SIGKILL would lose.
        in_flight: In a request that is under way.
        spooled: On this machine's disk, waiting.
        batches: Objects delivered.
        bytes: Their bodies' bytes.
        retries: Attempts that ended otherwise and were followed by another.
        spool_bytes: Bytes that this shipper's spool takes on disk.
        oldest_age: Seconds since the oldest event that is not yet delivered was offered; 0.0 when there is none.
        last_delivery: When an object was last delivered, in seconds since the epoch: the heartbeat; None before.
    """

    offered: int
    recovered: int
    delivered: int
    failed: int
    dropped: Mapping[str, int]
    buffered: int
    in_flight: int
    spooled: int
    batches: int
    bytes: int
    retries: int
    spool_bytes: int
    oldest_age: float
    last_delivery: float | None

    @property
    def waiting(self) -> int:
        """Events that are neither delivered nor given up."""
        return self.buffered + self.in_flight + self.spooled

    @property
    def balanced(self) -> bool:
        """Whether every event is in exactly one state."""
        settled = self.delivered + self.failed + sum(self.dropped.values())
        return self.offered + self.recovered == settled + self.waiting
