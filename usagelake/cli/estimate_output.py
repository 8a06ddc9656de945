"""How `usagelake estimate` shows what it has reckoned."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from usagelake.cli.console import table
from usagelake.domain.currencies import currency_digits
from usagelake.domain.estimate.item import Service
from usagelake.domain.estimate.sketch import SKETCHED, SKETCHED_BILLING_RUN
from usagelake.domain.money import format_amount, format_exact, round_amount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from usagelake.domain.estimate.estimate import Estimate

_LEFT_OUT = (
    "Left out: free tiers that the price file has not, data transfer, notifications, the access log of the buckets, "
    "noncurrent versions,\nAPI Gateway's detailed metrics, the functions' own logs. Amounts are rounded only here; "
    "--json has them exactly."
)


def print_estimate(console: Console, found: Estimate) -> None:
    """Show services beside the first sketch, then every line with its arithmetic.

    Args:
        console: Where to.
        found: The estimate.
    """
    load, prices = found.load, found.prices
    title = (
        f"A month of {load.requests:,} requests and {load.events:,} billing events, "
        f"at the prices of {prices.as_of} in {prices.region}"
    )
    columns = [("service", "left"), (f"{prices.currency} a month", "right"), ("first sketch, a million calls", "right")]
    rows = [
        (service.value, _amount(found, found.amount_of(service)), _range(SKETCHED.get(service)))
        for service in Service
        if service is not Service.API_GATEWAY and found.amount_of(service)
    ]
    rows.append(("together", _amount(found, found.total), ""))
    if found.per_million is not None:
        rows.append(("per million events", _amount(found, found.per_million), ""))
    rows.append(("one billing run, on Athena", format_exact(found.cost_of_run), _range(SKETCHED_BILLING_RUN)))
    rows.append(("apart: API Gateway's requests", _amount(found, found.amount_of(Service.API_GATEWAY)), ""))
    console.print(table(title, columns, rows))
    lines = [
        (
            item.service.value,
            item.what,
            item.explained() + ("" if item.price.confirmed else " (?)"),
            format_exact(item.amount),
        )
        for item in found.items
        if item.quantity
    ]
    heads = [("service", "left"), ("what", "left"), ("quantity x price", "left"), (prices.currency, "right")]
    console.print(table("Line by line", heads, lines))
    console.print("(?) no page of AWS's was seen to say so. Several prices are tiers; the price file has their bounds.")
    console.print(_LEFT_OUT)


def _amount(found: Estimate, exact: Decimal) -> str:
    """Write an amount with the currency's digits; what is not nothing is not shown as nothing."""
    currency = found.prices.currency
    rounded = round_amount(exact, currency)
    if exact and not rounded:
        least = Decimal(1).scaleb(-currency_digits(currency))
        return f"< {format_amount(least, currency)}"
    return format_amount(rounded, currency)


def _range(bounds: Sequence[Decimal] | None) -> str:
    return "" if bounds is None else " to ".join(format_exact(bound) for bound in bounds)
