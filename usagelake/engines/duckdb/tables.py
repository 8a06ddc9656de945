"""The lake's tables on DuckDB, made from the domain's schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.domain.schema import TABLES

if TYPE_CHECKING:
    import duckdb

    from usagelake.domain.schema import Table

_UNCOMPRESSED = frozenset({"event_id", "request_id"})
"""Ids do not compress, and trying costs a third of the time that storing an event takes."""


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that the schema does not have yet."""
    for table in TABLES.values():
        connection.execute(table_ddl(table))


def tables_of(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Tell which tables the schema has."""
    found = connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = current_schema()")
    return {name for (name,) in found.fetchall()}


def table_ddl(table: Table) -> str:
    """Write a table's DDL."""
    columns = ", ".join(
        f"{column.name} {column.type}"
        + ("" if column.nullable else " NOT NULL")
        + (" USING COMPRESSION uncompressed" if column.name in _UNCOMPRESSED else "")
        for column in table.columns
    )
    return f"CREATE TABLE IF NOT EXISTS {table.name} ({columns})"
