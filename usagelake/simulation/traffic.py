"""When traffic happens: the rhythm of the day and the week, its noise, and bursts."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from usagelake.simulation.draws import unsigned32

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator

    from usagelake.simulation.account import SourceAccount

    Sheaf = tuple[str, list[int], list[str]]
    """Fresh lines that go the same way: their prefix, their sorted arrivals (ms), the lines."""

HOUR_MS = 3_600_000
_DAY_MS = 24 * HOUR_MS
_HOURS_OF_DAY = (
    34, 28, 25, 24, 26, 33, 48, 70, 96, 114, 120, 118, 104, 112, 124, 128, 122, 108, 92, 80, 72, 64, 54, 43,
)  # fmt: skip
_DAYS_OF_WEEK = (100, 106, 108, 104, 92, 46, 40)
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday
_MOST_IN_A_SLOT = 20_000
_BURST_ONE_IN = 16


@dataclass(frozen=True, slots=True)
class Slot:
    """An hour, or an equal part of a busy hour, and how many events arrive in it."""

    start_ms: int
    length_ms: int
    events: int

    @property
    def end_ms(self) -> int:
        """The first millisecond after the slot."""
        return self.start_ms + self.length_ms


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Sorted arrival times in milliseconds, and the run of them (it may be empty) that one sender makes."""

    times_ms: list[int]
    burst: slice


class Source(Protocol):
    """Makes the events of one source, slot by slot, and keeps their account."""

    id_member: str
    """The member that holds an event's id."""
    events: int
    """How many events are to be made."""
    account: SourceAccount

    def render(self, slot: Slot) -> Iterable[Sheaf]:
        """Make the slot's events."""

    def finish(self) -> None:
        """Complete the account once every slot is rendered."""


def slots(rng: random.Random, *, first_ms: int, last_ms: int, events: int) -> Iterator[Slot]:
    """Share `events` out over the hours from `first_ms` to `last_ms`, exactly, and yield them in order.

    Args:
        rng: Draws the noise of the hours.
        first_ms: The first hour's start.
        last_ms: The last hour's end.
        events: How many events all slots have together.

    Yields:
        The slots that have events, each small enough to be worked on in memory.
    """
    hours = range(first_ms, last_ms, HOUR_MS)
    weights = [_hour_weight(hour) * rng.randrange(75, 126) for hour in hours]
    total = sum(weights)
    weighed = shared_out = 0
    for hour, weight in zip(hours, weights, strict=True):
        weighed += weight
        due = events * weighed // total - shared_out
        shared_out += due
        yield from _parts(hour, due)


def arrivals(rng: random.Random, slot: Slot, count: int) -> Arrivals:
    """Draw when the slot's calls arrive; in some slots many of them come in one burst.

    Args:
        rng: Draws the times.
        slot: Where the times lie.
        count: How many calls arrive.

    Returns:
        `count` times, sorted.
    """
    drawn = unsigned32(rng, count)
    start, length = slot.start_ms, slot.length_ms
    if count == 0 or rng.randrange(_BURST_ONE_IN):
        return Arrivals(sorted([start + (draw * length >> 32) for draw in drawn]), slice(0, 0))
    crowd = 1 + count * rng.randrange(20, 61) // 100
    burst_length = length // rng.randrange(15, 61)
    burst_start = start + rng.randrange(length - burst_length)
    times = [burst_start + (draw * burst_length >> 32) for draw in drawn[:crowd]]
    times += [start + (draw * length >> 32) for draw in drawn[crowd:]]
    times.sort()
    return Arrivals(times, slice(bisect_left(times, burst_start), bisect_left(times, burst_start + burst_length)))


def _hour_weight(hour_ms: int) -> int:
    weekday = (hour_ms // _DAY_MS + _EPOCH_WEEKDAY) % 7
    return _HOURS_OF_DAY[hour_ms % _DAY_MS // HOUR_MS] * _DAYS_OF_WEEK[weekday]


def _parts(hour_ms: int, events: int) -> Iterator[Slot]:
    parts = max(1, -(-events // _MOST_IN_A_SLOT))
    for part in range(parts):
        start, end = HOUR_MS * part // parts, HOUR_MS * (part + 1) // parts
        count = events * (part + 1) // parts - events * part // parts
        if count:
            yield Slot(hour_ms + start, end - start, count)
