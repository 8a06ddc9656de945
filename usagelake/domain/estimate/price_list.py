"""The prices of a cloud, and what a quantity costs at them. Decimal and whole numbers only."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from usagelake.domain.money import exact_arithmetic, format_exact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

PRICE_IDS = (
    "api_gateway.requests",
    "logs.ingested",
    "logs.stored",
    "firehose.ingested",
    "firehose.decompressed",
    "s3.stored",
    "s3.puts",
    "s3.gets",
    "athena.scanned",
    "lambda.requests",
    "lambda.compute",
    "scheduler.invocations",
    "glue.requests",
    "glue.crawler",
    "kms.keys",
    "kms.requests",
    "cloudwatch.alarms",
    "cloudwatch.metrics",
    "cloudwatch.dashboards",
)
"""What an estimate asks the price of; a file names each of them and no other."""


@dataclass(frozen=True, slots=True)
class Step:
    """Units of a month that share a price.

    Args:
        up_to: The number of the last of them, inclusive; None for the last step, which has no end.
        price: For as many units as the price is for.
    """

    up_to: int | None
    price: Decimal


@dataclass(frozen=True, slots=True)
class CloudPrice:
    """What one thing costs.

    Args:
        id: One of `PRICE_IDS`.
        unit: What is counted, in the plural.
        per: How many units a price is for: 1, 10, 100 and so on.
        steps: In rising order, the last one unbounded; each unit costs what its step says.
        at_least: What one piece (a query) is charged for at least, in units.
        rounded_to: One piece (a record) is charged in steps of so many units.
        source: The page that says so.
        confirmed: Whether that page was seen to say so.
    """

    id: str
    unit: str
    per: int
    steps: tuple[Step, ...]
    at_least: int
    rounded_to: int
    source: str
    confirmed: bool

    def charged(self, size: int) -> int:
        """Tell what one piece is charged for, when it has so many units.

        >>> CloudPrice("s", "bytes", 1, (Step(None, Decimal(1)),), 10, 4, "", True).charged(11)
        12
        """
        return max(self.at_least, -(-size // self.rounded_to) * self.rounded_to)

    @exact_arithmetic()
    def cost(self, quantity: int) -> Decimal:
        """Price so many units of a month, exactly.

        >>> CloudPrice("p", "puts", 1000, (Step(None, Decimal("0.005")),), 0, 1, "", True).cost(1)
        Decimal('0.000005')
        """
        cost, first = Decimal(0), 0
        for step in self.steps:
            last = quantity if step.up_to is None else min(quantity, step.up_to)
            cost += max(0, last - first) * step.price
            first = last
        return cost.scaleb(1 - len(str(self.per)))

    def written(self) -> str:
        """Write the price for people.

        >>> CloudPrice("p", "puts", 1000, (Step(None, Decimal("0.005")),), 0, 1, "", True).written()
        '0.005 per 1,000'
        """
        prices = " / ".join(format_exact(step.price) for step in self.steps)
        return prices if self.per == 1 else f"{prices} per {self.per:,}"


@dataclass(frozen=True, slots=True)
class PriceList:
    """The prices of one region on one day.

    Args:
        region: The region.
        currency: Of every price.
        as_of: The day.
        prices: By id; each of `PRICE_IDS`.
    """

    region: str
    currency: str
    as_of: date
    prices: Mapping[str, CloudPrice]

    def __getitem__(self, price_id: str) -> CloudPrice:
        return self.prices[price_id]
