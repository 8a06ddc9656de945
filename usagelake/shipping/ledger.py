"""Where every event is, at every moment; docs/delivery.md states the invariant."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usagelake.shipping.drop_reason import DropReason


class State(Enum):
    """Where an event is that was taken and not dropped."""

    BUFFERED = "buffered"
    SPOOLED = "spooled"
    IN_FLIGHT = "in_flight"
    DELIVERED = "delivered"
    FAILED = "failed"


class Ledger:
    """The counts; whoever calls a method holds the shipper's lock, so that no reader sees half a move."""

    def __init__(self) -> None:
        self.offered = 0
        self.recovered = 0
        self.events: Counter[State] = Counter()
        self.dropped: Counter[DropReason] = Counter()
        self.batches = 0
        self.bytes = 0
        self.retries = 0
        self.last_delivery: float | None = None

    def enter(self, events: int, state: State) -> None:
        """Take in events that were offered."""
        self.offered += events
        self.events[state] += events

    def recover(self, events: int) -> None:
        """Take in events that a process that ended has left in the spool."""
        self.recovered += events
        self.events[State.SPOOLED] += events

    def move(self, events: int, source: State, target: State) -> None:
        """Move events from one state to another."""
        self.events[source] -= events
        self.events[target] += events

    def drop(self, events: int, source: State, reason: DropReason) -> None:
        """Drop events that were taken."""
        self.events[source] -= events
        self.dropped[reason] += events

    def turn_away(self, reason: DropReason) -> None:
        """Drop an event that is offered, at the door."""
        self.offered += 1
        self.dropped[reason] += 1
