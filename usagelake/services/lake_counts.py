"""What the lake holds, counted from its tables and from no run's own tally."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usagelake.engines import Engine, QueryLibrary


@dataclass(frozen=True, slots=True)
class LakeCounts:
    """The row that `queries/billing/lake_counts.sql` returns.

    Attributes:
        objects: Objects that were taken.
        unreadable_objects: Those of them that could not be read whole.
        lines: Lines in them, good and bad.
        api_requests: Access-log lines that were kept.
        billing_events: Billing events that were kept.
        quarantined: Lines in quarantine.
    """

    objects: int
    unreadable_objects: int
    lines: int
    api_requests: int
    billing_events: int
    quarantined: int

    @property
    def events(self) -> int:
        """How many events the lake holds, of both sources."""
        return self.api_requests + self.billing_events

    @property
    def duplicates(self) -> int:
        """How many lines are neither an event of the lake nor in quarantine."""
        return self.lines - self.events - self.quarantined


def count_lake(engine: Engine, queries: QueryLibrary) -> LakeCounts:
    """Count what the lake holds.

    Raises:
        EngineError: It cannot be counted.
    """
    counted = engine.fetch(queries.get("billing", "lake_counts"))
    return LakeCounts(**dict(zip(counted.columns, counted.rows[0], strict=True)))
