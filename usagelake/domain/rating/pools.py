"""Pools: usage gathered where tiers and free units count, and usage that finds no pool."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from usagelake.domain.period import utc_day
from usagelake.domain.usage import UnassignedUsage, UnpricedUsage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from usagelake.domain.customers import Customers
    from usagelake.domain.price_book import PriceBook
    from usagelake.domain.rating.segments import Segment
    from usagelake.domain.usage import UsageTotal

#: Customer, plan, the day from which the plan's version is effective, charge.
PoolKey: TypeAlias = "tuple[str, str, date, str]"


@dataclass(frozen=True, slots=True)
class Pools:
    """A period's usage, sorted into what is priced together.

    Args:
        quantities: Each pool's quantity, over all of the customer's subjects.
        unassigned: Usage of subjects that nobody pays for, sorted.
        unpriced: Usage that no charge names, sorted, without zero quantities.
    """

    quantities: Mapping[PoolKey, int]
    unassigned: tuple[UnassignedUsage, ...]
    unpriced: tuple[UnpricedUsage, ...]


def pool_usage(
    usage_by_segment: Iterable[tuple[Segment, Iterable[UsageTotal]]], book: PriceBook, customers: Customers
) -> Pools:
    """Give each quantity to the pool it belongs to.

    Args:
        usage_by_segment: Usage of segments in which no assignment and no version changes, in any order.
        book: The prices.
        customers: Who pays for which subject.

    Raises:
        TypeError: A quantity is no whole number.
        ValueError: A quantity is negative.
    """
    sorter = _Sorter(book, customers)
    for segment, totals in usage_by_segment:
        sorter.add(segment, totals)
    return sorter.pools()


@dataclass(slots=True)
class _Sorter:
    book: PriceBook
    customers: Customers
    quantities: defaultdict[PoolKey, int] = field(default_factory=lambda: defaultdict(int))
    unassigned: defaultdict[tuple[str, str], defaultdict[str, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    unpriced: defaultdict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def add(self, segment: Segment, totals: Iterable[UsageTotal]) -> None:
        day = utc_day(segment.start)
        versions = {plan.id: plan.version_at(segment.start) for plan in self.book.plans.values()}
        for meter, subject_type, subject_id, dimension, quantity, _events in totals:
            if type(quantity) is not int:
                raise TypeError(f"{meter} of {subject_type} {subject_id!r}: {quantity!r} is no whole number")
            if quantity < 0:
                raise ValueError(f"{meter} of {subject_type} {subject_id!r}: {quantity} is negative")
            assignment = self.customers.assignment_on(subject_type, subject_id, day)
            if assignment is None:
                self.unassigned[subject_type, subject_id][meter] += quantity
                continue
            version = versions[assignment.plan_id]
            charge = None if version is None else version.charge_for(meter, dimension)
            if version is None or charge is None:
                self.unpriced[assignment.plan_id, meter] += quantity
            else:
                pool = (assignment.customer_id, assignment.plan_id, version.effective_from, charge.id)
                self.quantities[pool] += quantity

    def pools(self) -> Pools:
        return Pools(
            quantities=dict(self.quantities),
            unassigned=tuple(
                UnassignedUsage(subject_type, subject_id, tuple(sorted(meters.items())))
                for (subject_type, subject_id), meters in sorted(self.unassigned.items())
            ),
            unpriced=tuple(
                UnpricedUsage(plan_id, meter, quantity)
                for (plan_id, meter), quantity in sorted(self.unpriced.items())
                if quantity > 0
            ),
        )
