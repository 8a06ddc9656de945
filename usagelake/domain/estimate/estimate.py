"""The whole of it: every line, by service, and what a million events come to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from usagelake.domain.estimate.delivery import delivery_items
from usagelake.domain.estimate.item import Item, Service
from usagelake.domain.estimate.objects import landing_objects, object_items
from usagelake.domain.estimate.running import running_items
from usagelake.domain.estimate.sketch import SKETCHED, SKETCHED_BILLING_RUN
from usagelake.domain.estimate.statements import Executions, billing_run, executions
from usagelake.domain.money import exact_arithmetic, format_exact

if TYPE_CHECKING:
    from usagelake.domain.canonical_json import JsonValue
    from usagelake.domain.estimate.price_list import PriceList
    from usagelake.domain.estimate.workload import Workload

_MILLION = 10**6
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Estimate:
    """A month, reckoned.

    Args:
        load: The month.
        prices: What it was priced with.
        items: Every line; those of nothing too.
        executions: The statements behind Athena's lines.
        run: One billing run: drafts of the open month.
    """

    load: Workload
    prices: PriceList
    items: tuple[Item, ...]
    executions: tuple[Executions, ...]
    run: Executions

    def amount_of(self, service: Service) -> Decimal:
        """Add up a service, exactly."""
        return _sum([item for item in self.items if item.service is service])

    @property
    def total(self) -> Decimal:
        """All but API Gateway, whose requests are paid for with or without billing."""
        return _sum([item for item in self.items if item.service is not Service.API_GATEWAY])

    @property
    def per_million(self) -> Decimal | None:
        """The total per million lines of either source, cut behind six decimals; None without a line."""
        lines = self.load.lines
        if not lines:
            return None
        with exact_arithmetic():
            return ((self.total * _MILLION).scaleb(_DECIMALS) // lines).scaleb(-_DECIMALS)

    @property
    def cost_of_run(self) -> Decimal:
        """What one billing run costs on Athena."""
        return self.prices["athena.scanned"].cost(self.run.scanned)

    def to_document(self) -> dict[str, JsonValue]:
        """Give it as JSON shows it: exact amounts, as texts."""
        return {
            "schema": "usagelake.estimate/1",
            "region": self.prices.region,
            "prices_as_of": self.prices.as_of.isoformat(),
            "currency": self.prices.currency,
            "requests": str(self.load.requests),
            "events": str(self.load.events),
            "services": {service.value: format_exact(self.amount_of(service)) for service in Service},
            "items": [item.to_document() for item in self.items if item.quantity],
            "athena_statements": {each.what: str(each.count) for each in self.executions},
            "billing_run": format_exact(self.cost_of_run),
            "total": format_exact(self.total),
            "per_million_events": None if self.per_million is None else format_exact(self.per_million),
            "first_sketch_per_million_calls": {
                **{service.value: [format_exact(bound) for bound in bounds] for service, bounds in SKETCHED.items()},
                "billing_run": [format_exact(bound) for bound in SKETCHED_BILLING_RUN],
            },
        }


def estimate(load: Workload, prices: PriceList) -> Estimate:
    """Reckon what a month costs.

    Args:
        load: The month.
        prices: The prices.
    """
    objects = landing_objects(load)
    scanned = prices["athena.scanned"]
    found = executions(load, scanned, objects=objects)
    statements = sum(each.count for each in found)
    stored = object_items(load, prices, statements=statements)
    requests = sum(item.quantity for item in stored if item.price.id in ("s3.puts", "s3.gets"))
    waited_for = statements - load.analyst_queries
    items = (
        *delivery_items(load, prices),
        *stored,
        *(Item(Service.ATHENA, f"{each.count:,} statements: {each.what}", each.scanned, scanned) for each in found),
        *running_items(load, prices, statements=waited_for, objects=objects, s3_requests=requests),
    )
    return Estimate(load, prices, items, tuple(found), billing_run(load, scanned, objects=objects))


@exact_arithmetic()
def _sum(items: list[Item]) -> Decimal:
    return sum((item.amount for item in items), Decimal(0))
