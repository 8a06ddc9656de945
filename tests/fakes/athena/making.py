"""Tables made at once, with their rows: in DuckDB or on S3, and then in Glue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.fakes.athena.catalog import glue_columns
from tests.fakes.athena.errors import StatementError
from tests.fakes.athena.unloading import unload

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from tests.fakes.athena.executions import Execution
    from tests.fakes.athena.names import Name
    from tests.fakes.athena.runner import Runner
    from usagelake.engines.dialect import Carried

_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}


def create_iceberg(
    runner: Runner,
    execution: Execution,
    session: duckdb.DuckDBPyConnection,
    place: tuple[str, str, str],
    columns: Mapping[str, str],
    rows: Carried | None,
    *,
    comments: Mapping[str, str] | None = None,
) -> int:
    """Make an Iceberg table with its rows, and register it; all of it or nothing. Return the number of rows."""
    database, name, location = place
    count = 0
    session.begin()
    try:
        metadata = runner.warehouse.make(session, database, name, columns, location)
        if rows is not None:
            row = session.execute(f'INSERT INTO memory."{database}"."{name}" {rows.sql}').fetchone()
            count = int(row[0]) if row else 0
        table_input = {
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"table_type": "ICEBERG", "metadata_location": metadata},
            "StorageDescriptor": {
                "Columns": glue_columns(columns, comments, iceberg=True),
                "Location": location.rstrip("/"),
            },
        }
        runner.commit(execution, session)
    except BaseException:
        session.rollback()
        runner.warehouse.forget(database, name)
        raise
    told = {"format-version": 2, "location": location, "schema": dict(columns)}
    runner.objects.write(metadata, json.dumps(told).encode())
    runner.catalog.put(database, table_input)
    return count


def create_hive(
    runner: Runner,
    execution: Execution,
    carried: Carried,
    session: duckdb.DuckDBPyConnection,
    name: tuple[str, str],
    told: Mapping[str, str],
) -> None:
    """Make a Hive table of a query's rows: Parquet objects, and an entry in Glue."""
    if told.get("external_location") and execution.enforced:
        raise StatementError(
            "INVALID_TABLE_PROPERTY: The Create Table As Select query failed because it was submitted with an "
            "'external_location' property to an Athena Workgroup that enforces a centralized output location for all "
            "queries. Please remove the 'external_location' property and resubmit the query."
        )
    location = told.get("external_location") or f"{execution.output.rstrip('/')}/tables/{execution.id}/"
    if told.get("format", "PARQUET").upper() != "PARQUET":
        raise StatementError("NOT_SUPPORTED: this server makes Hive tables of PARQUET only")
    codec = told.get("parquet_compression", told.get("write_compression", ""))
    unload(runner, execution, carried, session, location, {"format": "PARQUET", "compression": codec})
    table_input = {
        "Name": name[1],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "has_encrypted_data": "false"},
        "StorageDescriptor": {
            **_PARQUET,
            "Columns": glue_columns({column.lower(): kind for column, kind in carried.columns}),
            "Location": location,
        },
    }
    runner.catalog.put(name[0], table_input)


def new_name(runner: Runner, execution: Execution, written: Name) -> tuple[str, str]:
    """Give the database and the name of what is to be made; the database must be there."""
    database, name = written.within(execution.database)
    if not runner.catalog.has_database(database):
        raise StatementError(f"SCHEMA_NOT_FOUND: line 1:1: Schema '{database}' does not exist", kind=1006)
    return database, name


def refuse_names(columns: tuple[tuple[str, str], ...]) -> None:
    """Refuse columns that have no name, or one name twice."""
    seen: set[str] = set()
    for place, (name, _) in enumerate(columns):
        if name == f"_col{place}":
            raise StatementError(f"MISSING_COLUMN_NAME: line 1:1: Column name not specified at position {place + 1}")
        if name.lower() in seen:
            raise StatementError(f"DUPLICATE_COLUMN_NAME: line 1:1: Column name '{name}' specified more than once")
        seen.add(name.lower())


def refuse_full(runner: Runner, location: str) -> None:
    """Refuse to make an Iceberg table where something lies already."""
    if not runner.objects.is_empty(location):
        raise StatementError(
            f"ICEBERG_FILESYSTEM_ERROR: Cannot create a table on a non-empty location: {location}, set "
            "'iceberg.unique-table-location=true' in your Iceberg catalog properties to use unique table locations "
            "for every table."
        )
