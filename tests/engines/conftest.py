"""A DuckDB connection that runs Athena's SQL through the project's dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from usagelake.engines.dialect import SESSION_SQL, carry, parse_statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Athena:
    """Runs statements in Athena's dialect on DuckDB."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        for statement in SESSION_SQL:
            self.connection.execute(statement)
        self.schema: dict[str, dict[str, str]] = {}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.connection.execute(carry(parse_statement(sql), self.schema).sql).fetchall()

    def execute(self, sql: str) -> None:
        """Run a statement that changes a table."""
        self.connection.execute(carry(parse_statement(sql), self.schema).sql)

    def value(self, expression: str) -> Any:
        """The value of an expression."""
        return self.rows(f"SELECT {expression}")[0][0]

    def type(self, expression: str) -> str:
        """The Athena type of an expression."""
        return carry(parse_statement(f"SELECT {expression}"), self.schema).columns[0][1]

    def table(self, name: str, columns: Mapping[str, str], *rows: tuple[Any, ...]) -> None:
        """Make a table with rows; `json` is no column type."""
        ddl = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} ({ddl})")
        for row in rows:
            self.connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)
        self.schema[name] = dict(columns)

    def each(self, expressions: str, texts: Sequence[str]) -> list[tuple[Any, ...]]:
        """The values of expressions over `x`, for each of some texts."""
        self.table("each_text", {"place": "integer", "x": "varchar"})
        self.connection.execute(
            "INSERT INTO each_text SELECT unnest(range(?)), unnest(CAST(? AS VARCHAR[]))", [len(texts), list(texts)]
        )
        return self.rows(f"SELECT {expressions} FROM each_text ORDER BY place")


@pytest.fixture(scope="session")
def shared_athena() -> Iterator[Athena]:
    """One connection for all that leaves no trace on it."""
    athena = Athena()
    yield athena
    athena.connection.close()


@pytest.fixture
def athena() -> Iterator[Athena]:
    """A connection of its own."""
    athena = Athena()
    yield athena
    athena.connection.close()
