"""Which of a snapshot's figures only grow, which go up and down, and what each of them is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from usagelake.shipping.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a snapshot.

    Attributes:
        name: Its attribute's name.
        unit: As CloudWatch names it.
        help: What it is, in a sentence.
    """

    name: str
    unit: Literal["Count", "Bytes", "Seconds"]
    help: str


COUNTERS: Final = (
    Figure("offered", "Count", "Events handed to the shipper."),
    Figure("recovered", "Count", "Events found in the spools of processes that ended."),
    Figure("delivered", "Count", "Events in objects that the store has."),
    Figure("failed", "Count", "Events given up after at least one attempt."),
    Figure("batches", "Count", "Objects delivered."),
    Figure("bytes", "Bytes", "Bytes of the bodies of the objects delivered."),
    Figure("retries", "Count", "Attempts that were followed by another."),
)
"""They only grow while a process lives."""

GAUGES: Final = (
    Figure("buffered", "Count", "Events in this process's memory alone."),
    Figure("in_flight", "Count", "Events in a request that is under way."),
    Figure("spooled", "Count", "Events on this machine's disk, waiting."),
    Figure("spool_bytes", "Bytes", "Bytes that the spool takes on disk."),
    Figure("oldest_age", "Seconds", "Seconds since the oldest event not yet delivered was offered."),
)
"""They go up and down."""

DROPPED_HELP: Final = "Events not taken or not deliverable."
LAST_DELIVERY_HELP: Final = "When an object was last delivered, in seconds since the epoch."


def since(previous: Snapshot | None, now: Snapshot) -> Snapshot:
    """Give what has been counted between two snapshots; gauges stay as they are.

    Args:
        previous: The earlier one; None at the start, when everything is new.
        now: The later one. Where a counter has fallen, it is of a shipper that began anew, and counts whole.
    """
    if previous is None or any(_figure(now, figure) < _figure(previous, figure) for figure in COUNTERS):
        return now
    return replace(
        now,
        dropped={reason: count - previous.dropped.get(reason, 0) for reason, count in now.dropped.items()},
        **{figure.name: int(_figure(now, figure) - _figure(previous, figure)) for figure in COUNTERS},
    )


def figures(snapshot: Snapshot, which: tuple[Figure, ...]) -> dict[Figure, float]:
    """Give some figures' values, in their order."""
    return {figure: _figure(snapshot, figure) for figure in which}


def _figure(snapshot: Snapshot, figure: Figure) -> float:
    value: float = getattr(snapshot, figure.name)
    return value
