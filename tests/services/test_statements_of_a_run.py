"""What an estimate counts is what the services run: statement by statement, on a real lake."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.landings import CUSTOMERS, METERS, event, price_book, put, request
from usagelake.domain.estimate.statements import (
    batch_statements,
    draft_statements,
    idle_statements,
    source_statements,
)
from usagelake.domain.landing import Source
from usagelake.domain.period import Period
from usagelake.engines import load_queries
from usagelake.engines.duckdb import DuckDBEngine
from usagelake.services.bill import bill
from usagelake.services.ingest import ingest
from usagelake.services.pricing import load_pricing
from usagelake.services.progress import Silent
from usagelake.services.roll_up import roll_up
from usagelake.storage import open_location

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from usagelake.domain.estimate.statements import Statement
    from usagelake.engines import Rows, SqlFile

QUERIES = load_queries()
READ_BY = {
    source: sum(source in QUERIES.sources(meter, tuple(Source)) for meter in QUERIES.meters()) for source in Source
}


class CountingEngine(DuckDBEngine):
    """DuckDB, which counts the statements that services ask it for."""

    def __init__(self, lake: Path) -> None:
        super().__init__(lake)
        self.counted: Counter[str] = Counter()
        for view in QUERIES.views():
            self.define_view(view)

    def stage(self, name: str, query: SqlFile, values: Mapping[str, object] | None = None) -> None:
        self._count(query)
        super().stage(name, query, values)

    def execute(self, statement: SqlFile, values: Mapping[str, object] | None = None) -> None:
        self._count(statement)
        super().execute(statement, values)

    def fetch(self, query: SqlFile, values: Mapping[str, object] | None = None) -> Rows:
        self._count(query)
        return super().fetch(query, values)

    def publish(self, table: str, rows: Any) -> None:
        self.counted[f"publish {table}"] += 1
        super().publish(table, rows)

    def _count(self, file: SqlFile) -> None:
        self.counted["meters/*" if file.kind == "meters" else f"{file.kind}/{file.name}"] += 1


def run(engine: CountingEngine, landing: Path) -> Counter[str]:
    """Ingest and roll up, as the hourly job does, and give what that took."""
    engine.counted.clear()
    now = datetime(2025, 10, 6, tzinfo=UTC)
    ingest(engine, QUERIES, open_location(str(landing)), clock=lambda: now, progress=Silent())
    roll_up(engine, QUERIES, clock=lambda: now, progress=Silent())
    return Counter(engine.counted)


def expected(statements: Iterable[Statement]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for statement in statements:
        counted[statement.name] += statement.times
    return counted


@pytest.fixture
def engine(tmp_path: Path) -> Iterable[CountingEngine]:
    """A lake whose meters have been rolled up once, as they are in an environment that runs."""
    put(tmp_path / "landing" / "apigw_access/2025/10/05/12/00/0.jsonl", request("r0"))
    put(tmp_path / "landing" / "tokens/2025/10/05/12/00/0.jsonl", event("e0"))
    with CountingEngine(tmp_path / "lake") as opened:
        run(opened, tmp_path / "landing")
        yield opened


def test_a_run_that_finds_nothing(engine: CountingEngine, tmp_path: Path) -> None:
    """It asks what there is, and ends."""
    assert run(engine, tmp_path / "landing") == expected(idle_statements())


@pytest.mark.parametrize(
    ("sources", "hours"),
    [
        ((Source.API_REQUESTS,), (13,)),
        ((Source.BILLING_EVENTS,), (13, 16)),
        (tuple(Source), (13, 14)),
        (tuple(Source), (13, 16, 20, 23)),
    ],
    ids=str,
)
def test_a_run_that_finds_lines(
    engine: CountingEngine, tmp_path: Path, sources: tuple[Source, ...], hours: tuple[int, ...]
) -> None:
    """Neighbouring hours are one window; each source has its own statements, and its meters theirs."""
    for hour in hours:
        time = f"2025-10-05T{hour}:30:00Z"
        if Source.API_REQUESTS in sources:
            put(tmp_path / "landing" / f"apigw_access/2025/10/05/{hour}/30/1.jsonl", request(f"r{hour}", time))
        if Source.BILLING_EVENTS in sources:
            put(tmp_path / "landing" / f"tokens/2025/10/05/{hour}/30/1.jsonl", event(f"e{hour}", time))
    windows = 1 if hours == (13, 14) else len(hours)
    found = [*idle_statements(), *batch_statements(batches=1)]
    for source in sources:
        found.extend(source_statements(source, meters=READ_BY[source], windows=windows, batches=1))
    assert run(engine, tmp_path / "landing") == expected(found)


def test_a_billing_run(engine: CountingEngine, tmp_path: Path) -> None:
    """Beside ingest and roll-up, what bills asks is among what drafts are reckoned with, and as often at most."""
    pricing = tmp_path / "pricing"
    pricing.mkdir()
    (pricing / "price_book.toml").write_text(price_book(), encoding="utf-8")
    (pricing / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    engine.counted.clear()
    now = datetime(2025, 10, 6, tzinfo=UTC)
    bill(
        engine,
        QUERIES,
        open_location(str(tmp_path / "landing")),
        load_pricing(open_location(str(pricing)), meters=METERS),
        Period.parse("2025-10"),
        tmp_path / "out",
        clock=lambda: now,
        progress=Silent(),
    )
    drafts = expected(draft_statements())
    assert drafts["billing/usage_totals"] == 1
    twice = expected([replace(each, times=1) for each in draft_statements() if each.name == "billing/lake_counts"])
    asked = engine.counted - expected(idle_statements()) - twice  # before ingest, which drafts have not
    assert asked - drafts == Counter()
    assert asked.keys() > {"billing/usage_totals", "billing/manifest", "billing/keyless_requests"}
