"""What a reconciliation found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from usagelake.services.reconcile.ledger import Counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from usagelake.domain.quarantine import Reason
    from usagelake.services.reconcile.ledger import Cell, Kind


@dataclass(frozen=True, slots=True)
class Finding:
    """One event that is amiss, by its name.

    Attributes:
        kind: What is amiss.
        event_id: Its id.
        event_type: Its type, by the line that was found.
        event_time: Its time, by the line that was found.
        emitted_in: The file in which it was first emitted; None when it was not.
        landed_in: The object in which it was found; None when it did not land.
    """

    kind: Kind
    event_id: str
    event_type: str
    event_time: datetime
    emitted_in: str | None
    landed_in: str | None


@dataclass(frozen=True, slots=True)
class BadLine:
    """One line that is no billing event.

    Attributes:
        reason: Why.
        found_in: Its file or object.
        text: The line, as far as quarantine would keep it.
    """

    reason: Reason
    found_in: str
    text: str


@dataclass(slots=True)
class Rejections:
    """How many lines of one side were no billing events for one reason, and where there was one."""

    lines: int
    example: str


@dataclass(slots=True)
class Side:
    """What one side's lines came to: `lines = events + outside + rejected`.

    Attributes:
        sources: Files or objects that were read.
        lines: Lines in them; blank ones do not count.
        events: Billing events of the window.
        outside: Billing events outside the window.
        rejected: Lines that are no billing events, by reason.
    """

    sources: int = 0
    lines: int = 0
    events: int = 0
    outside: int = 0
    rejected: dict[Reason, Rejections] = field(default_factory=dict)


@dataclass(slots=True)
class LeftOut:
    """Objects of the landing that were not read.

    Attributes:
        access_logs: They hold access-log lines.
        by_time: Their keys' time is too far from the window.
        other: They are no landing objects by their names.
        other_example: The key of one of those.
    """

    access_logs: int = 0
    by_time: int = 0
    other: int = 0
    other_example: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was emitted against what landed.

    Attributes:
        emitted: The second copy's lines.
        landed: The landing's lines.
        left_out: Objects that were not read.
        cells: The counts of every event type and minute, in order.
        named: The first findings of each kind.
    """

    emitted: Side
    landed: Side
    left_out: LeftOut
    cells: Mapping[Cell, Counts]
    named: Mapping[Kind, tuple[Finding, ...]]

    @property
    def equal(self) -> bool:
        """Whether each emitted event landed once, as it was emitted, and nothing else did."""
        return all(counts.equal for counts in self.cells.values())

    @property
    def total(self) -> Counts:
        """The counts of all event types and minutes."""
        return _sum(self.cells.values())

    def by_event_type(self) -> dict[str, Counts]:
        """Give the counts of each event type over all minutes."""
        event_types: dict[str, list[Counts]] = {}
        for cell, counts in self.cells.items():
            event_types.setdefault(cell.event_type, []).append(counts)
        return {event_type: _sum(counts) for event_type, counts in event_types.items()}


def _sum(parts: Iterable[Counts]) -> Counts:
    total = Counts()
    for part in parts:
        total.add(part)
    return total
