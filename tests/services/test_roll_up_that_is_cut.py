"""Roll-up on an engine that has no change over several tables, cut at each statement: the next run makes up for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cli.landings import CUSTOMERS, event, price_book, request
from tests.cli.main_job import Job
from usagelake.domain.period import Period
from usagelake.engines import QueryLibrary, SqlFile, ad_hoc, load_queries
from usagelake.engines.duckdb import DuckDBEngine
from usagelake.engines.sql_file import parse_sql_file
from usagelake.errors import EngineError
from usagelake.services.ingest import ingest
from usagelake.services.progress import Silent
from usagelake.services.roll_up import refuse_half, roll_up
from usagelake.services.scheduled_drafts import scheduled_drafts
from usagelake.storage import LocalFolder

NOW = datetime(2025, 11, 1, tzinfo=UTC)
OLD = load_queries()
USAGE = ad_hoc("SELECT meter, subject_id, hour, dimension, quantity FROM usage_hourly ORDER BY 1, 2, 3, 4")


class Cut(DuckDBEngine):
    """An engine whose statements stand each for itself, and which fails at one of them."""

    left: int | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Nothing."""
        yield

    def execute(self, statement: SqlFile, values: Mapping[str, object] | None = None) -> None:
        """Run it, unless its turn has come."""
        if self.left == 0:
            raise EngineError("cut")
        self.left = None if self.left is None else self.left - 1
        super().execute(statement, values)


def _changed() -> QueryLibrary:
    """One meter with other SQL, one gone, one new."""
    meter = OLD.get("meters", "api_requests")
    text = meter.text.replace("CAST(count(*) AS", "CAST(2 * count(*) AS")
    assert text != meter.text
    named = text.replace("name: api_requests", "name: twice")
    return QueryLibrary(
        [
            *(file for file in OLD.all() if (file.kind, file.name) != ("meters", "internal_tokens")),
            parse_sql_file(text, name="api_requests", kind="meters", origin="api_requests.sql"),
            parse_sql_file(named, name="twice", kind="meters", origin="twice.sql"),
        ]
    )


NEW = _changed()


@pytest.fixture
def engine(job: Job) -> Iterator[Cut]:
    """A lake that is rolled up."""
    job.put("apigw_access/2025/10/05/12/00/a.jsonl", request("r1"), request("r2", "2025-10-06T12:00:00Z"))
    job.put("data-api/2025/10/05/12/00/a.jsonl", event("e1"), event("e2"))
    with Cut(None) as opened:
        for view in OLD.views():
            opened.define_view(view)
        ingest(opened, OLD, LocalFolder(job.landing), clock=lambda: NOW, progress=Silent())
        roll_up(opened, OLD, clock=lambda: NOW, progress=Silent())
        yield opened


def _rolled(engine: Cut, queries: QueryLibrary) -> list[tuple[Any, ...]]:
    engine.left = None
    roll_up(engine, queries, clock=lambda: NOW, progress=Silent())
    refuse_half(engine, queries)
    return engine.fetch(USAGE).rows


def _cut(engine: Cut, queries: QueryLibrary, after: int) -> bool:
    """Roll up, and tell whether that was cut."""
    engine.left = after
    try:
        roll_up(engine, queries, clock=lambda: NOW, progress=Silent())
    except EngineError:
        return True
    return False


def test_cut_anywhere_and_changed_back_or_not(engine: Cut) -> None:
    """Meters that change, go and come: whichever SQL the next run has, the usage is that SQL's, whole."""
    old = _rolled(engine, OLD)
    new = _rolled(engine, NEW)
    assert {row[0] for row in old} ^ {row[0] for row in new} == {"internal_tokens", "twice"}
    after = 0
    while True:
        assert _rolled(engine, OLD) == old
        if not _cut(engine, NEW, after):
            break
        with pytest.raises(EngineError, match="usage is not rolled up"):
            refuse_half(engine, NEW)
        if after:
            with pytest.raises(EngineError, match="usage is not rolled up"):
                refuse_half(engine, OLD)
        assert _rolled(engine, OLD) == old
        assert _cut(engine, NEW, after)
        assert _rolled(engine, NEW) == new
        after += 1
    assert after > 5


def test_no_draft_of_half_of_the_usage(engine: Cut, job: Job) -> None:
    """While hours wait for roll-up nothing is drafted; once they are rolled up it is."""
    drafts = LocalFolder(job.folder)
    (job.folder / "price_book.toml").write_text(price_book())
    (job.folder / "customers.csv").write_text(CUSTOMERS)

    def draft() -> dict[str, int]:
        return scheduled_drafts(
            engine, OLD, LocalFolder(job.folder), drafts, periods=[Period(2025, 10)], clock=lambda: NOW
        )

    job.put("data-api/2025/10/05/13/00/b.jsonl", event("e3", "2025-10-07T12:00:00Z"))
    ingest(engine, OLD, LocalFolder(job.landing), clock=lambda: NOW, progress=Silent())
    with pytest.raises(EngineError, match="1 hours wait, and no meter as a whole"):
        draft()
    assert not (job.folder / "2025-10").exists()
    _rolled(engine, OLD)
    assert draft()["DraftsWritten"] == 2
