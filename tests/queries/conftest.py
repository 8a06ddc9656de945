"""A small lake on DuckDB: the project's own tables, views, loader and dialect, with the rows of a test."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from usagelake.domain.schema import TABLES
from usagelake.engines.dialect import SESSION_SQL, carry, check, parse_statement, to_athena
from usagelake.engines.parameters import bind, complete
from usagelake.engines.query_library import QueryLibrary, load_queries

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = tuple[Any, ...]
DEFAULTS: dict[str, dict[str, Any]] = {
    "api_requests": {
        "request_id": "r",
        "event_time": "2025-10-05 12:00",
        "api_id": "api",
        "stage": "prod",
        "api_key_id": "k1",
        "method": "GET",
        "resource_path": "/pets",
        "status": 200,
        "object_key": "apigw_access/2025/10/05/12/00/a.jsonl",
        "ingested_at": "2025-10-05 12:05",
        "content_hash": 1,
    },
    "billing_events": {
        "event_id": "e",
        "event_time": "2025-10-05 12:00",
        "event_type": "internal_model_total_tokens",
        "product": "serverless",
        "resource_id": "db1",
        "resource_type": "serverless_database",
        "provider": "nvidia",
        "model": "m1",
        "quantity": 10,
        "object_key": "data-api/2025/10/05/12/00/b.jsonl",
        "ingested_at": "2025-10-05 12:05",
        "content_hash": 1,
    },
    "usage_hourly": {
        "meter": "api_requests",
        "subject_type": "api_key",
        "subject_id": "k1",
        "hour": "2025-10-05 12:00",
        "dimension": "",
        "quantity": Decimal(1),
        "events": 1,
        "computed_at": "2025-10-06 00:00",
    },
    "customers": {
        "subject_type": "api_key",
        "subject_id": "k1",
        "customer_id": "c1",
        "customer_name": "One",
        "plan_id": "growth",
        "valid_from": date(2025, 1, 1),
    },
    "quarantine": {
        "source": "api_requests",
        "object_key": "apigw_access/2025/10/05/12/00/a.jsonl",
        "line": "x",
        "occurrences": 1,
        "reason": "line is not valid JSON",
        "first_seen_at": "2025-10-05 12:05",
    },
    "ingested_objects": {
        "object_key": "apigw_access/2025/10/05/12/00/a.jsonl",
        "etag": "t1",
        "bytes": 1,
        "lines": 1,
        "ingested_at": "2025-10-05 12:05",
        "version": "1",
    },
    "stale_hours": {"source": "api_requests", "hour": "2025-10-05 12:00", "marked_at": "2025-10-05 12:05"},
    "rolled_meters": {"meter": "api_requests", "digest": "sha256:0"},
    "invoice_lines": {
        "period": "2025-10",
        "revision": "sha256:1",
        "published_at": "2025-10-06 04:00",
        "status": "draft",
        "invoice_id": "i1",
        "customer_id": "c1",
        "customer_name": "One",
        "currency": "USD",
        "line_number": 1,
        "charge_id": "requests",
        "plan_id": "growth",
        "plan_version": date(2025, 1, 1),
        "amount": Decimal("1.50"),
        "amount_exact": "1.5",
    },
}
OCTOBER = {"start": datetime(2025, 10, 1, tzinfo=UTC), "end": datetime(2025, 11, 1, tzinfo=UTC)}


def at(text: str) -> datetime:
    """A time without zone, in UTC."""
    return datetime.fromisoformat(text)


class Lake:
    """A lake with the rows that a test puts in."""

    def __init__(self, queries: QueryLibrary) -> None:
        self.queries = queries
        self.connection = duckdb.connect()
        for statement in SESSION_SQL:
            self.connection.execute(statement)
        self.schema = {
            table.name: {column.name: str(column.type) for column in table.columns} for table in TABLES.values()
        }
        for name, columns in self.schema.items():
            ddl = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
            self.connection.execute(f"CREATE TABLE {name} ({ddl})")
        for view in queries.views():
            carried = carry(view.tree, self.schema)
            self.connection.execute(f"CREATE VIEW {view.name} AS {carried.sql}")
            self.schema[view.name] = dict(carried.columns)

    def add(self, table: str, *rows: dict[str, Any]) -> Lake:
        """Add rows; what a row leaves out has its default, or NULL."""
        columns = self.schema[table]
        for row in rows:
            whole = {**DEFAULTS[table], **row}
            assert whole.keys() <= columns.keys()
            marks = ", ".join("?" * len(columns))
            self.connection.execute(f"INSERT INTO {table} VALUES ({marks})", [whole.get(column) for column in columns])
        return self

    def run(self, name: str, /, **values: Any) -> list[Row]:
        """Run a file; OCTOBER's start and end are given where it takes them."""
        file = self.queries.find(name)
        span = {key: value for key, value in OCTOBER.items() if key in file.params and key not in values}
        sql = carry(file.tree, self.schema, params={key: param.type for key, param in file.params.items()}).sql
        rows = self.connection.execute(sql, complete(file.params, {**span, **values})).fetchall()
        bound = parse_statement(to_athena(bind(file.tree, file.params, {**span, **values})))
        assert check(bound, self.schema) == check(
            file.tree, self.schema, params={key: param.type for key, param in file.params.items()}
        )
        assert self.connection.execute(carry(bound, self.schema).sql).fetchall() == rows
        return rows


@pytest.fixture(scope="session")
def library() -> QueryLibrary:
    """The packaged files."""
    return load_queries()


@pytest.fixture
def lake(library: QueryLibrary) -> Iterator[Lake]:
    """An empty lake."""
    lake = Lake(library)
    yield lake
    lake.connection.close()
