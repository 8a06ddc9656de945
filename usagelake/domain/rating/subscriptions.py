"""Subscriptions: the part of a period in which a customer had a plan, over all of the customer's subjects."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usagelake.domain.period import utc_day

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from usagelake.domain.customers import Customers
    from usagelake.domain.price_book import Plan, PlanVersion, PriceBook
    from usagelake.domain.rating.segments import Segment


@dataclass(frozen=True, slots=True)
class Subscription:
    """One customer on one plan within one period.

    Args:
        customer_id: Who pays.
        plan: For what.
        assigned: The segments in which any subject of the customer was on the plan, in order; at least one.
    """

    customer_id: str
    plan: Plan
    assigned: tuple[Segment, ...]

    @property
    def hours(self) -> int:
        """In how many hours of the period the customer had the plan: each hour once, whoever used it."""
        return sum(segment.hours for segment in self.assigned)

    @property
    def versions(self) -> list[PlanVersion]:
        """The versions that were in force in an assigned hour, in order."""
        found = (self.plan.version_at(segment.start) for segment in self.assigned)
        return list({version.effective_from: version for version in found if version is not None}.values())

    @property
    def last_version(self) -> PlanVersion | None:
        """The version in force in the last assigned hour: it says which fees and which minimum are due."""
        return self.plan.version_at(self.assigned[-1].start)


def subscriptions(period_segments: Sequence[Segment], book: PriceBook, customers: Customers) -> list[Subscription]:
    """Find everybody who had a plan in the period, used or not.

    Args:
        period_segments: All segments of the period, in order.
        book: It has every plan that the customers are on.
        customers: Who had which plan when.

    Returns:
        Sorted by customer id, then plan id.
    """
    spans: dict[tuple[str, str], set[tuple[date, date]]] = defaultdict(set)
    for row in customers.assignments:
        spans[row.customer_id, row.plan_id].add((row.valid_from, row.valid_to))
    days = [(segment, utc_day(segment.start)) for segment in period_segments]
    found = []
    for (customer_id, plan_id), valid in sorted(spans.items()):
        assigned = tuple(segment for segment, day in days if any(start <= day < end for start, end in valid))
        if assigned:
            found.append(Subscription(customer_id, book.plans[plan_id], assigned))
    return found
