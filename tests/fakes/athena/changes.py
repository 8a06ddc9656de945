"""Statements that change something: rows of Iceberg tables, and what Glue holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.athena.catalog import glue_columns, view_text
from tests.fakes.athena.ddl import CreateTable
from tests.fakes.athena.errors import StatementError
from tests.fakes.athena.executions import Result
from tests.fakes.athena.making import create_hive, create_iceberg, new_name, refuse_full, refuse_names
from tests.fakes.athena.names import CATALOG
from tests.fakes.athena.output import put_manifest
from tests.fakes.athena.statements import Change, CreateTableAs, CreateView, Drop, Query, Show, Unload, Write
from tests.fakes.athena.types import refuse_for_iceberg, to_glue

if TYPE_CHECKING:
    import duckdb

    from tests.fakes.athena.catalog import GlueTable
    from tests.fakes.athena.executions import Execution
    from tests.fakes.athena.names import Name
    from tests.fakes.athena.runner import Runner
    from tests.fakes.athena.statements import CreateDatabase, Statement
    from usagelake.engines.dialect import Carried


def classify(execution: Execution, statement: Statement) -> None:
    """Say what kind of statement it is."""
    if isinstance(statement, Query):
        kind, sub = "DML", "SELECT"
    elif isinstance(statement, Write):
        kind, sub = "DML", statement.verb
    elif isinstance(statement, Unload):
        kind, sub = "DML", "UNLOAD"
    elif isinstance(statement, CreateTableAs):
        kind, sub = "DDL", "CREATE_TABLE_AS_SELECT"
    elif isinstance(statement, Show):
        kind, sub = "UTILITY", "SHOW"
    else:
        kind, sub = "DDL", {CreateTable: "CREATE_TABLE", CreateView: "CREATE_VIEW"}.get(type(statement), "")
    execution.statement_type, execution.substatement = kind, sub


def write(
    runner: Runner,
    execution: Execution,
    carried: Carried,
    target: GlueTable | None,
    session: duckdb.DuckDBPyConnection,
) -> None:
    """Run INSERT, MERGE or DELETE."""
    assert target is not None
    session.begin()
    try:
        row = session.execute(carried.sql).fetchone()
        runner.commit(execution, session)
    except BaseException:
        session.rollback()
        raise
    runner.warehouse.changed(target.database, target.name)
    execution.result = Result([("rows", "bigint")], update_count=int(row[0]) if row else 0)
    put_manifest(execution, runner.objects, [])


def create_table_as(
    runner: Runner, execution: Execution, statement: CreateTableAs, session: duckdb.DuckDBPyConnection
) -> None:
    """Run CREATE TABLE AS."""
    database, name = new_name(runner, execution, statement.name)
    if runner.catalog.find(database, name) is not None:
        if statement.if_not_exists:
            put_manifest(execution, runner.objects, [])
            return
        raise StatementError(f"TABLE_ALREADY_EXISTS: line 1:1: Table '{CATALOG}.{database}.{name}' already exists")
    carried, _ = runner.carried(execution, statement.tree, session)
    refuse_names(carried.columns)
    told = statement.properties
    if told.get("table_type", "HIVE").upper() != "ICEBERG":
        create_hive(runner, execution, carried, session, (database, name), told)
        return
    location = told.get("location", "")
    if not location:
        raise StatementError("INVALID_TABLE_PROPERTY: line 1:1: the property location must be set for Iceberg tables")
    if told.get("is_external", "true").lower() != "false":
        raise StatementError("NOT_SUPPORTED: External Iceberg tables are not supported: set is_external = false")
    refuse_for_iceberg(carried.columns)
    refuse_full(runner, location)
    columns = {column.lower(): kind for column, kind in carried.columns}
    count = create_iceberg(
        runner, execution, session, (database, name, location), columns, carried if statement.with_data else None
    )
    execution.result = Result([("rows", "bigint")], update_count=count)
    put_manifest(execution, runner.objects, [])


def create_table(
    runner: Runner, execution: Execution, statement: CreateTable, session: duckdb.DuckDBPyConnection
) -> None:
    """Run CREATE TABLE of an Iceberg table."""
    database, name = new_name(runner, execution, statement.name)
    if runner.catalog.find(database, name) is not None:
        if statement.if_not_exists:
            return
        raise StatementError(f"FAILED: AlreadyExistsException: Table {name} already exists.")
    refuse_for_iceberg(tuple(statement.columns.items()))
    refuse_full(runner, statement.location)
    place = (database, name, statement.location)
    create_iceberg(runner, execution, session, place, statement.columns, None, comments=statement.comments)


def create_view(
    runner: Runner, execution: Execution, statement: CreateView, session: duckdb.DuckDBPyConnection
) -> None:
    """Run CREATE VIEW: the query is judged now, and run when the view is read."""
    database, name = new_name(runner, execution, statement.name)
    there = runner.catalog.find(database, name)
    if there is not None and not (there.is_view and statement.replace):
        raise StatementError(f"TABLE_ALREADY_EXISTS: line 1:1: Table or view '{database}.{name}' already exists")
    carried, _ = runner.carried(execution, statement.tree, session)
    refuse_names(carried.columns)
    execution.bytes_scanned = 0
    table_input = {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": view_text(statement.query, execution.database or database, carried.columns),
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {"Columns": glue_columns({column.lower(): kind for column, kind in carried.columns})},
    }
    runner.catalog.put(database, table_input, replace=there is not None)


def drop(runner: Runner, execution: Execution, statement: Drop) -> None:
    """Run DROP TABLE or DROP VIEW; an Iceberg table's objects go with it."""
    database, name = statement.name.within(execution.database)
    found = runner.catalog.find(database, name)
    if found is None or found.is_view != (statement.kind == "VIEW"):
        if found is None and statement.if_exists:
            return
        raise StatementError(f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}")
    runner.catalog.drop(database, name)
    runner.warehouse.forget(database, name)
    if found.is_iceberg and found.location:
        runner.objects.clear(found.location)


def change(runner: Runner, execution: Execution, statement: Change, session: duckdb.DuckDBPyConnection) -> None:
    """Run ALTER TABLE."""
    table = find_iceberg(runner, execution, statement.name)
    columns = runner.warehouse.columns(table)
    for column in statement.columns:
        if (column in columns) is statement.adds:
            raise StatementError(
                f"FAILED: SemanticException: column {column} {'exists' if statement.adds else 'is missing'}"
            )
    refuse_for_iceberg(tuple(statement.columns.items()))
    runner.warehouse.alter(session, table, statement.columns)
    fresh = runner.catalog.find(table.database, table.name)
    assert fresh is not None
    runner.catalog.change(fresh, {**columns, **statement.columns}, {})


def show(runner: Runner, execution: Execution, statement: Show) -> None:
    """Run SHOW TABLES, SHOW DATABASES or DESCRIBE."""
    if statement.what == "DESCRIBE" and statement.name is not None:
        database, name = statement.name.within(execution.database)
        found = runner.catalog.find(database, name)
        if found is None:
            raise StatementError(f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}")
        rows = [[f"{column:<20}\t{to_glue(kind):<20}\t"] for column, kind in found.columns.items()]
        execution.result = Result([("col_name", "varchar")], [list(row) for row in rows])
    elif statement.what == "TABLES":
        database = statement.name.table if statement.name is not None else execution.database or "default"
        if not runner.catalog.has_database(database):
            raise StatementError(f"FAILED: SemanticException [Error 10072]: Database does not exist: {database}")
        names = sorted(table.name for table in runner.catalog.tables(database))
        execution.result = Result([("tab_name", "varchar")], [[name] for name in names])
    else:
        raise StatementError(f"NOT_SUPPORTED: this server does not show {statement.what}")


def create_database(runner: Runner, statement: CreateDatabase) -> None:
    """Run CREATE DATABASE."""
    if not runner.catalog.has_database(statement.name):
        runner.catalog.create_database(statement.name)
    elif not statement.if_not_exists:
        raise StatementError(f"FAILED: Execution Error, return code 1: Database {statement.name} already exists")


def find_iceberg(runner: Runner, execution: Execution, written: Name) -> GlueTable:
    """Find the Iceberg table that a statement is about."""
    database, name = written.within(execution.database)
    found = runner.catalog.find(database, name)
    if found is None:
        raise StatementError(f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}")
    if not found.is_iceberg:
        raise StatementError("NOT_SUPPORTED: this server does that with Iceberg tables only")
    return found
