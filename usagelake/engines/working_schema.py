"""Every relation that a SQL file may name: the tables, and what engines show while they work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.domain.landing import Source
from usagelake.domain.schema import TABLES
from usagelake.engines.dialect import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usagelake.engines.query_library import QueryLibrary

LANDING_COLUMNS: Mapping[str, str] = {"object_key": "varchar", "line": "varchar", "fault": "varchar"}
"""`landing_<source>`: one row per line of the batch; `fault` is the reason why it is no text, or NULL."""

OBJECT_COLUMNS: Mapping[str, str] = {
    "object_key": "varchar",
    "etag": "varchar",
    "bytes": "bigint",
    "version": "varchar",
}
"""`batch_objects`: one row per object of the batch."""

METER_ROWS: Mapping[str, str] = {
    "subject_type": "varchar",
    "subject_id": "varchar",
    "hour": "timestamp",
    "dimension": "varchar",
    "quantity": "decimal(38,0)",
    "events": "bigint",
}
"""`meter_rows`: what a meter returned for the window that is being rolled up."""


def landing_relation(source: Source) -> str:
    """Tell the name of the relation that holds a source's lines."""
    return f"landing_{source}"


def table_schema() -> dict[str, Mapping[str, str]]:
    """Give the tables of the lake, each with its columns and their types."""
    return {table.name: {column.name: str(column.type) for column in table.columns} for table in TABLES.values()}


def working_schema(queries: QueryLibrary) -> dict[str, Mapping[str, str]]:
    """Give the tables and the working relations.

    Args:
        queries: Whose landing queries decide the columns of `landed_<source>`.

    Raises:
        ConfigurationError: A landing query is not Athena's SQL.
    """
    schema = table_schema()
    schema["batch_objects"] = OBJECT_COLUMNS
    schema["meter_rows"] = METER_ROWS
    for source in Source:
        schema[landing_relation(source)] = LANDING_COLUMNS
        landed = queries.get("landing", f"landed_{source}")
        types = {name: parameter.type for name, parameter in landed.params.items()}
        schema[landed.name] = dict(check(landed.tree, schema, params=types, origin=landed.origin))
    return schema
