"""Segments: the stretches of a period in which nothing changes about who pays for what, and how."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from usagelake.domain.period import HOUR, start_of_day, utc_day

if TYPE_CHECKING:
    from datetime import datetime

    from usagelake.domain.customers import Customers
    from usagelake.domain.period import Period
    from usagelake.domain.price_book import PriceBook


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """The hours of ``[start, end)``, both aware instants in UTC."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> int:
        """How many hours the segment has."""
        return (self.end - self.start) // HOUR

    def covers(self, other: Segment) -> bool:
        """Tell whether all hours of another segment are this one's too."""
        return self.start <= other.start and other.end <= self.end


def segments(period: Period, book: PriceBook, customers: Customers) -> list[Segment]:
    """Cut a period wherever an assignment or a plan's version begins or ends.

    Within a segment every subject's customer, plan and plan version stay the same, so that its usage can be
    summed before it is priced. Assignments and versions change at midnight UTC, so a month has at most 31.

    Returns:
        The segments in order; together they are the period, and a quiet period is one segment.
    """
    days = customers.change_days | {version.effective_from for plan in book.plans.values() for version in plan.versions}
    first_day, end_day = utc_day(period.start), utc_day(period.end)
    cuts = [start_of_day(day) for day in sorted(days) if first_day < day < end_day]
    return [Segment(start, end) for start, end in pairwise([period.start, *cuts, period.end])]
