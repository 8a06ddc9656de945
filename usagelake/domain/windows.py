"""Hours, gathered into stretches of time that can be worked on one by one."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from usagelake.domain.period import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable


class Window(NamedTuple):
    """The time from `start` (inclusive) to `end` (exclusive)."""

    start: datetime
    end: datetime


def windows(hours: Iterable[datetime], *, at_most: int) -> list[Window]:
    """Cover hours by few windows: neighbours together, then across the smallest gaps.

    Args:
        hours: First instants of hours, in any order, repeated or not.
        at_most: How many windows there may be, one or more.

    Returns:
        Windows in order, apart from each other, that hold every hour; hours between may be held too.

    Example:
        >>> from datetime import datetime
        >>> hours = [datetime(2015, 5, 1, hour) for hour in (3, 4, 9)]
        >>> [(window.start.hour, window.end.hour) for window in windows(hours, at_most=2)]
        [(3, 5), (9, 10)]
        >>> [(window.start.hour, window.end.hour) for window in windows(hours, at_most=1)]
        [(3, 10)]
    """
    ordered = sorted(set(hours))
    gaps = sorted(
        (index for index in range(1, len(ordered)) if ordered[index] - ordered[index - 1] > HOUR),
        key=lambda index: ordered[index] - ordered[index - 1],
        reverse=True,
    )
    cuts = [0, *sorted(gaps[: at_most - 1]), len(ordered)]
    return [Window(ordered[start], _end_of(ordered[end - 1])) for start, end in pairwise(cuts) if end]


def _end_of(hour: datetime) -> datetime:
    """Give the first instant after an hour; the last hour of the year 9999 ends at the last instant there is."""
    try:
        return hour + HOUR
    except OverflowError:
        return datetime.max.replace(tzinfo=hour.tzinfo)
