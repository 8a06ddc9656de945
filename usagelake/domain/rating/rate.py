"""Rate a period: from usage, prices and customers to every invoice, and to what could not be billed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from usagelake.domain.invoice import Invoice, InvoiceLine, LineUsage, ProratedHours
from usagelake.domain.money import exact_arithmetic, round_amount
from usagelake.domain.price_book import MINIMUM_COMMITMENT, FlatCharge
from usagelake.domain.rating.pools import pool_usage
from usagelake.domain.rating.segments import segments
from usagelake.domain.rating.steps import ZERO
from usagelake.domain.rating.subscriptions import subscriptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from usagelake.domain.customers import Customers
    from usagelake.domain.period import Period
    from usagelake.domain.price_book import PlanVersion, PriceBook
    from usagelake.domain.rating.pools import PoolKey
    from usagelake.domain.rating.segments import Segment
    from usagelake.domain.rating.subscriptions import Subscription
    from usagelake.domain.usage import UnassignedUsage, UnpricedUsage, UsageTotal


@dataclass(frozen=True, slots=True)
class Rated:
    """A period, rated.

    Args:
        currency: Of every invoice.
        invoices: One for each customer with an assignment in the period, used or not, sorted by customer id.
        unassigned: Usage of subjects that nobody pays for, sorted by subject.
        unpriced: Usage that no charge names, sorted by plan and meter.
    """

    currency: str
    invoices: tuple[Invoice, ...]
    unassigned: tuple[UnassignedUsage, ...]
    unpriced: tuple[UnpricedUsage, ...]

    @property
    def total(self) -> Decimal:
        """The sum of the invoices, with the currency's digits."""
        with exact_arithmetic():
            total = sum((invoice.total for invoice in self.invoices), ZERO)
        return round_amount(total, self.currency)


def rate(
    period: Period,
    usage_by_segment: Iterable[tuple[Segment, Iterable[UsageTotal]]],
    book: PriceBook,
    customers: Customers,
) -> Rated:
    """Rate a period. It is pure: the order and the splitting of the usage change nothing.

    Args:
        period: What is billed.
        usage_by_segment: Usage of segments of the period, each within one of :func:`segments`; a segment and
            a subject may come more than once, and segments without usage may be left out.
        book: The prices.
        customers: Who pays for which subject, on which plan.

    Returns:
        Drafts for all customers, and what could not be billed.

    Raises:
        TypeError: A quantity is no whole number.
        ValueError: A quantity is negative, or a segment reaches over a change or out of the period.
    """
    period_segments = segments(period, book, customers)
    pools = pool_usage(_checked(usage_by_segment, period_segments), book, customers)
    invoices = tuple(
        Invoice(
            customer_id=customer_id,
            customer_name=customers.names[customer_id],
            period=period,
            currency=book.currency,
            lines=tuple(
                line
                for subscription in subscribed
                for line in _plan_lines(subscription, pools.quantities, period.hours, book.currency)
            ),
        )
        for customer_id, subscribed in groupby(
            subscriptions(period_segments, book, customers), key=lambda subscription: subscription.customer_id
        )
    )
    return Rated(book.currency, invoices, pools.unassigned, pools.unpriced)


def _checked(
    usage_by_segment: Iterable[tuple[Segment, Iterable[UsageTotal]]], period_segments: Sequence[Segment]
) -> Iterator[tuple[Segment, Iterable[UsageTotal]]]:
    for segment, totals in usage_by_segment:
        if not any(constant.covers(segment) for constant in period_segments):
            raise ValueError(
                f"the segment {segment.start} to {segment.end} reaches over a change or out of the period; "
                "sum usage within segments(period, book, customers)"
            )
        yield segment, totals


def _plan_lines(
    subscription: Subscription, quantities: Mapping[PoolKey, int], period_hours: int, currency: str
) -> list[InvoiceLine]:
    """Price all that one customer owes for one plan."""
    lines = [
        line
        for version in subscription.versions
        for line in _version_lines(subscription, version, quantities, period_hours, currency)
    ]
    last = subscription.last_version
    if last is not None and last.minimum_commitment is not None:
        with exact_arithmetic():
            missing = last.minimum_commitment - sum((line.amount for line in lines), ZERO)
        if missing > 0:
            lines.append(_line(MINIMUM_COMMITMENT, last, missing, currency))
    return lines


def _version_lines(
    subscription: Subscription,
    version: PlanVersion,
    quantities: Mapping[PoolKey, int],
    period_hours: int,
    currency: str,
) -> Iterator[InvoiceLine]:
    """Price the pools of one version in the order of the book, and its fees where it is the last version."""
    for charge in version.charges:
        if isinstance(charge, FlatCharge):
            if version is subscription.last_version:
                fee = charge.model.fee(hours=subscription.hours, period_hours=period_hours)
                share = ProratedHours(subscription.hours, period_hours) if charge.model.prorate else None
                yield _line(charge.id, version, fee, currency, share)
        else:
            pool = (subscription.customer_id, version.plan_id, version.effective_from, charge.id)
            quantity = quantities.get(pool, 0)
            priced = charge.price(quantity)
            if quantity > 0 or priced.amount > 0:
                usage = LineUsage(
                    meter=charge.meter,
                    dimension="" if charge.dimension is None else charge.dimension,
                    quantity=quantity,
                    free_units=charge.free_units,
                    steps=priced.steps,
                )
                yield _line(charge.id, version, priced.amount, currency, usage)


def _line(
    charge_id: str,
    version: PlanVersion,
    exact: Decimal,
    currency: str,
    basis: LineUsage | ProratedHours | None = None,
) -> InvoiceLine:
    """Make a line: the one place where an amount is rounded."""
    return InvoiceLine(
        charge_id=charge_id,
        plan_id=version.plan_id,
        plan_version=version.effective_from,
        amount_exact=exact,
        amount=round_amount(exact, currency),
        basis=basis,
    )
