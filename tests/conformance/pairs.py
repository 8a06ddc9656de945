"""The same lake on DuckDB and on Trino, asked the same."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from usagelake.bootstrap import open_engine, open_pricing, open_storage
from usagelake.domain.period import Period
from usagelake.domain.schema import TABLES
from usagelake.engines import ad_hoc
from usagelake.services.bill import bill
from usagelake.services.pricing import load_pricing
from usagelake.services.progress import Silent
from usagelake.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from usagelake.bootstrap import OpenEngine
    from usagelake.engines import QueryLibrary, Rows, SqlFile

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = ("meters", "billing", "analyst", "audits")
"""The kinds whose files are asked of a lake as it lies; views are asked beside them."""

MANY = 500
"""From so many values on, approximate percentiles of two engines are near one another."""


@dataclass(frozen=True)
class Pair:
    """Two engines that hold the same lake."""

    queries: QueryLibrary
    duckdb: OpenEngine
    trino: OpenEngine

    @classmethod
    @contextmanager
    def open(cls, queries: QueryLibrary, engine_config: Path) -> Iterator[Pair]:
        """Open two lakes."""
        with (
            open_engine(queries, Settings(), None) as embedded,
            open_engine(queries, Settings(), None, engine="trino", engine_config=engine_config) as cluster,
        ):
            yield cls(queries, embedded, cluster)

    @property
    def engines(self) -> tuple[OpenEngine, OpenEngine]:
        """Both."""
        return self.duckdb, self.trino

    def publish(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Give a table its rows on both."""
        for engine in self.engines:
            engine.publish(table, rows)

    def bill(self, landing: Path, pricing: Path, period: str, out: Path) -> None:
        """Run the main job on both, at the same time of day."""
        for name, engine in (("duckdb", self.duckdb), ("trino", self.trino)):
            bill(
                engine,
                self.queries,
                open_storage(str(landing)),
                load_pricing(open_pricing(str(pricing)), meters={meter.name for meter in self.queries.meters()}),
                Period.parse(period),
                out / name,
                clock=lambda: NOW,
                progress=Silent(),
            )

    def ask(self, query: SqlFile, values: Mapping[str, object] | None = None) -> tuple[Rows, Rows]:
        """Ask both."""
        return self.duckdb.fetch(query, values), self.trino.fetch(query, values)

    def assert_same(self, query: SqlFile, values: Mapping[str, object] | None = None) -> int:
        """Ask both, compare, and tell how many rows there were."""
        ours, theirs = self.ask(query, values)
        where = f"{query.kind}/{query.name} {values or ''}"
        assert [name.lower() for name in ours.columns] == [name.lower() for name in theirs.columns], where
        left, right = _comparable(query, ours.rows), _comparable(query, theirs.rows)
        approximate = {
            number for number, name in enumerate(ours.columns) if "approx_" in query.text and "_p" in f"_{name}"
        }
        differ = [(a, b) for a, b in zip(left, right, strict=False) if not _row_equal(a, b, approximate)]
        assert not differ, f"{where}: {len(differ)} rows, such as DuckDB {differ[0][0]} and Trino {differ[0][1]}"
        assert len(left) == len(right), f"{where}: {len(left)} rows on DuckDB, {len(right)} on Trino"
        return len(left)

    def assert_same_tables(self) -> None:
        """Every table holds the same rows, clocks and all."""
        for table in TABLES:
            self.assert_same(everything(table))

    def assert_same_answers(self, spans: Sequence[tuple[datetime, datetime]]) -> dict[str, int]:
        """Every saved query gives the same; returns the rows of each, added up over the spans."""
        counted: dict[str, int] = {}
        for view in self.queries.views():
            counted[f"views/{view.name}"] = self.assert_same(everything(view.name))
        for query in self.queries.all(*ASKED):
            seen: list[dict[str, object]] = []
            for start, end in spans:
                values = values_for(query, start, end)
                if values not in seen:
                    seen.append(values)
                    name = f"{query.kind}/{query.name}"
                    counted[name] = counted.get(name, 0) + self.assert_same(query, values)
        return counted


def values_for(query: SqlFile, start: datetime, end: datetime) -> dict[str, object]:
    """Give a query values for what has no default."""
    given: dict[str, object] = {
        "start": start,
        "end": end,
        "as_of": end,
        "customer": "c1",
        "period": "2025-10",
        "meters": ["internal_tokens", "external_tokens"],
    }
    return {name: given[name] for name, parameter in query.params.items() if not parameter.optional}


def _comparable(query: SqlFile, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows in the order that the query promises, or in one that does not depend on the engine."""
    if isinstance(query.tree, exp.Query) and query.tree.args.get("order") is not None:
        return rows
    return sorted(rows, key=repr)


def _row_equal(left: tuple[Any, ...], right: tuple[Any, ...], approximate: Collection[int]) -> bool:
    """Compare two rows; an approximate percentile of few values is any of them, so only a full one is compared."""
    many = any(isinstance(value, int) and not isinstance(value, bool) and value >= MANY for value in left[1:2])
    return len(left) == len(right) and all(
        (not many or _near(a, b)) if number in approximate else _equal(a, b)
        for number, (a, b) in enumerate(zip(left, right, strict=True))
    )


def _near(left: Any, right: Any) -> bool:
    return left is right or math.isclose(left, right, rel_tol=0.05, abs_tol=2)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-12, abs_tol=1e-12)
    return type(left) is type(right) and bool(left == right)


def everything(relation: str) -> SqlFile:
    """Ask for all rows of a relation."""
    sql = f"SELECT * FROM {relation}"
    return replace(ad_hoc(sql), name=relation, origin=sql)
