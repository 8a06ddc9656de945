"""The tables of docs/cost.md that an estimate makes: by volume, by choice, by kind of statement, beside the sketch.

They stand between `<!-- cost_tables: NAME -->` and `<!-- end -->` and are written there, so that no figure is typed.

Usage: python -m bench.cost_tables [--check] [PAGE]
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from usagelake.domain.estimate.estimate import Estimate, estimate
from usagelake.domain.estimate.item import Service
from usagelake.domain.estimate.sketch import SKETCHED, SKETCHED_BILLING_RUN
from usagelake.domain.estimate.workload import Cadence, Delivery, Workload
from usagelake.domain.landing import Source
from usagelake.domain.money import format_exact
from usagelake.engines import load_queries
from usagelake.services.cloud_prices import load_cloud_prices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

PAGE = Path(__file__).parents[1] / "docs" / "cost.md"
MILLION = 10**6
_PART: Final = re.compile(r"(<!-- cost_tables: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _meters() -> dict[Source, int]:
    queries = load_queries()
    read = [queries.sources(meter, tuple(Source)) for meter in queries.meters()]
    return {source: sum(source in sources for sources in read) for source in Source}


PRICES = load_cloud_prices()
BASE = Workload(requests=0, events=0, meters=_meters())


def _reckoned(load: Workload) -> Estimate:
    return estimate(load, PRICES)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    sides = ["---"] * left + ["---:"] * (len(heads) - left)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, sides, *rows)) + "\n"


def _usd(amount: Decimal | None, digits: int = 2) -> str:
    return "-" if amount is None else f"{amount:,.{digits}f}"


def volumes() -> str:
    """Several months, service by service."""
    months = [
        ("nothing", BASE),
        *((f"{size:,} million requests", replace(BASE, requests=size * MILLION)) for size in (1, 10, 100)),
        *((f"{size:,} million events, objects of 50", replace(BASE, events=size * MILLION)) for size in (1, 10, 100)),
        ("100 million events, objects of 3,000", replace(BASE, events=100 * MILLION, events_per_object=3000)),
    ]
    shown = [service for service in Service if service not in (Service.API_GATEWAY, Service.SCHEDULER, Service.KMS)]
    rows = []
    for name, load in months:
        found = _reckoned(load)
        amounts = [_usd(found.amount_of(service)) for service in shown]
        rows.append([name, *amounts, _usd(found.total), _usd(found.per_million)])
    return _table(["a month of", *(service.value for service in shown), "together", "per million"], rows)


def sketch() -> str:
    """A million calls, beside what the first sketch expected."""
    found = _reckoned(replace(BASE, requests=MILLION))
    full = _reckoned(replace(BASE, requests=MILLION, bytes_per_line=10_000))
    rows = [
        [service.value, " to ".join(map(format_exact, bounds)), _usd(found.amount_of(service))]
        for service, bounds in SKETCHED.items()
    ]
    rows += [
        ["one billing run", " to ".join(map(format_exact, SKETCHED_BILLING_RUN)), _usd(found.cost_of_run, 4)],
        ["CloudWatch Logs with the sketch's 10 GB", "5 to 10", _usd(full.amount_of(Service.LOGS))],
    ]
    return _table(["a month of a million calls", "first sketch, USD", "estimate, USD"], rows)


def choices() -> str:
    """What each choice costs, or saves, at ten million of each source."""
    base = replace(BASE, requests=10 * MILLION, events=10 * MILLION)
    month = _reckoned(base).total
    chosen = [
        ("objects of 3,000 events (2 MB) instead of 50", replace(base, events_per_object=3000)),
        ("objects of 10 events", replace(base, events_per_object=10)),
        ("access log straight to Firehose", replace(base, delivery=Delivery.DIRECT)),
        ("log group kept 30 days instead of 90", replace(base, log_days=30)),
        ("roll-up daily instead of hourly", replace(base, roll_up=Cadence.DAILY)),
        ("one window a run instead of two", replace(base, windows=1)),
        ("four windows a run", replace(base, windows=4)),
        ("drafts hourly instead of daily", replace(base, drafts=Cadence.HOURLY)),
        ("landing and tables kept 84 months instead of 13", replace(base, landing_months=84)),
        ("a KMS key of one's own", replace(base, customer_key=True)),
        ("1,000 analysts' queries", replace(base, analyst_queries=1000)),
    ]
    rows = [["as it is by default", _usd(month), ""]]
    for name, load in chosen:
        total = _reckoned(load).total
        rows.append([name, _usd(total), f"{total - month:+,.2f}"])
    return _table(["10 million requests and 10 million events a month", "USD", "difference"], rows)


def statements() -> str:
    """Athena's statements by kind, from a million of each source to a billion."""
    sizes = (1, 10, 100, 1000)
    found = [
        _reckoned(replace(BASE, requests=size * MILLION, events=size * MILLION, events_per_object=3000))
        for size in sizes
    ]
    athena = PRICES["athena.scanned"]
    rows = []
    for number, kind in enumerate(found[0].executions):
        if not kind.count:
            continue
        of_sizes = [each.executions[number] for each in found]
        cells = [f"{athena.cost(each.scanned) / (2 * size):.4f}" for each, size in zip(of_sizes, sizes, strict=True)]
        rows.append([kind.what, f"{kind.count:,}", *cells])
    totals = [_usd(each.amount_of(Service.ATHENA) / (2 * size), 4) for each, size in zip(found, sizes, strict=True)]
    count = sum(each.count for each in found[0].executions)
    rows.append(["together", f"{count:,}", *totals])
    heads = ["USD per million events", "statements a month", *(f"at {2 * size:,} million" for size in sizes)]
    return _table(heads, rows)


TABLES: Final[dict[str, Callable[[], str]]] = {
    "volumes": volumes,
    "sketch": sketch,
    "choices": choices,
    "statements": statements,
}


def written(page: str) -> str:
    """Set the tables of a page."""
    return _PART.sub(lambda part: part[1] + TABLES[part[2]]() + part[3], page)


def main(given: Sequence[str] | None = None) -> int:
    """Write the tables into the page, or tell whether they stand there."""
    parser = argparse.ArgumentParser(prog="python -m bench.cost_tables", description=__doc__.partition("\n")[0])
    parser.add_argument("page", type=Path, nargs="?", default=PAGE, help="default: docs/cost.md")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a table is out of date")
    chosen = parser.parse_args(given)
    before = chosen.page.read_text(encoding="utf-8")
    after = written(before)
    if chosen.check:
        print("up to date" if after == before else f"{chosen.page}: run python -m bench.cost_tables", file=sys.stderr)
        return int(after != before)
    chosen.page.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
