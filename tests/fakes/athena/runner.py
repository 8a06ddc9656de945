"""A statement from QUEUED to its end: read, resolved, judged, carried to DuckDB, run, and its result put down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from tests.fakes.athena import changes, reasons
from tests.fakes.athena.ddl import CreateTable
from tests.fakes.athena.errors import SYSTEM, StatementCancelledError, StatementError
from tests.fakes.athena.executions import Result
from tests.fakes.athena.output import put_csv, put_text
from tests.fakes.athena.parameters import bind
from tests.fakes.athena.resolution import Resolver, prepare
from tests.fakes.athena.statements import (
    Change,
    CreateDatabase,
    CreateTableAs,
    CreateView,
    Drop,
    Maintain,
    Query,
    Show,
    Unload,
    Write,
    read_statement,
)
from tests.fakes.athena.unloading import unload
from tests.fakes.athena.values import shown
from usagelake.engines.dialect import Carried, RefusalError, carry

if TYPE_CHECKING:
    from sqlglot import exp

    from tests.fakes.athena.catalog import Catalog, GlueTable
    from tests.fakes.athena.executions import Execution
    from tests.fakes.athena.faults import Fault
    from tests.fakes.athena.objects import Objects
    from tests.fakes.athena.statements import Statement
    from tests.fakes.athena.warehouse import Warehouse

CANCELLED = "Query cancelled!"
TOO_MUCH = "Bytes scanned limit was exceeded"


class Runner:
    """Runs statements.

    Args:
        catalog: Glue.
        objects: S3.
        warehouse: The rows of Iceberg tables.
    """

    def __init__(self, catalog: Catalog, objects: Objects, warehouse: Warehouse) -> None:
        self.catalog, self.objects, self.warehouse = catalog, objects, warehouse

    def run(self, execution: Execution, fault: Fault | None) -> None:
        """Run an execution to its end, whatever happens."""
        try:
            execution.gate.wait()
            self._check_stop(execution)
            execution.state = "RUNNING"
            if fault is not None and fault.kind == "fail":
                raise StatementError(fault.reason, category=fault.category, retryable=fault.retryable)  # noqa: TRY301
            if fault is not None and fault.kind == "cancel":
                raise StatementCancelledError(fault.reason or CANCELLED)  # noqa: TRY301
            self._run(execution, read_statement(execution.text))
            execution.end("SUCCEEDED")
        except StatementCancelledError as cancelled:
            execution.end("CANCELLED", cancelled.reason)
        except Exception as error:  # noqa: BLE001 - whatever happens, an execution comes to an end
            if execution.stopping.is_set():
                execution.end("CANCELLED", CANCELLED)
            else:
                _fail(execution, _failure(error))

    def _run(self, execution: Execution, statement: Statement) -> None:
        changes.classify(execution, statement)
        if isinstance(statement, Query):
            self._query(execution, statement)
            return
        with self.warehouse.writing, self.warehouse.session() as session:
            execution.session = session
            self._check_stop(execution)
            try:
                self._change(execution, statement, session)
            finally:
                execution.session = None

    def _query(self, execution: Execution, statement: Query) -> None:
        with self.warehouse.session() as session:
            execution.session = session
            try:
                carried, _ = self.carried(execution, statement.tree, session)
                rows = session.execute(carried.sql).fetchall()
            finally:
                execution.session = None
        kinds = [kind for _, kind in carried.columns]
        written = [[shown(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in rows]
        execution.result = Result(list(carried.columns), written, header=True)
        put_csv(execution, self.objects)

    def _change(self, execution: Execution, statement: Statement, session: duckdb.DuckDBPyConnection) -> None:  # noqa: C901
        match statement:
            case Write():
                carried, target = self.carried(execution, statement.tree, session)
                changes.write(self, execution, carried, target, session)
            case Unload():
                carried, _ = self.carried(execution, statement.tree, session)
                unload(self, execution, carried, session, statement.location, statement.properties)
            case CreateTableAs():
                changes.create_table_as(self, execution, statement, session)
            case CreateTable():
                changes.create_table(self, execution, statement, session)
            case CreateView():
                changes.create_view(self, execution, statement, session)
            case Change():
                changes.change(self, execution, statement, session)
            case Drop():
                changes.drop(self, execution, statement)
            case Show():
                changes.show(self, execution, statement)
            case Maintain():
                changes.find_iceberg(self, execution, statement.name)
            case CreateDatabase():
                changes.create_database(self, statement)
            case _:
                raise AssertionError(statement)
        if execution.statement_type != "DML":
            put_text(execution, self.objects)

    def carried(
        self, execution: Execution, tree: exp.Expr, session: duckdb.DuckDBPyConnection
    ) -> tuple[Carried, GlueTable | None]:
        """Resolve a statement, judge it, see what it scans, and carry it to DuckDB.

        Raises:
            StatementError: Athena would not run it.
            RefusalError: The dialect refuses it.
            StatementCancelledError: It scans more than its workgroup lets it, or it was stopped.
        """
        resolved = Resolver(self.catalog, execution.database).resolve(bind(tree.copy(), execution.parameters))
        schema, execution.bytes_scanned = prepare(resolved, session, self.warehouse, self.objects, self.catalog)
        carried = carry(resolved.tree, schema)
        if execution.cutoff is not None and execution.bytes_scanned > execution.cutoff:
            raise StatementCancelledError(TOO_MUCH)
        self._check_stop(execution)
        return carried, resolved.target

    @staticmethod
    def _check_stop(execution: Execution) -> None:
        if execution.stopping.is_set():
            raise StatementCancelledError(CANCELLED)

    def commit(self, execution: Execution, session: duckdb.DuckDBPyConnection) -> None:
        """Commit what a statement has changed, unless it was stopped."""
        self._check_stop(execution)
        session.commit()


def _failure(error: Exception) -> StatementError:
    """Say why a statement failed; a defect of this server is told as one."""
    if isinstance(error, StatementError):
        return error
    if isinstance(error, RefusalError):
        return reasons.of_refusal(error)
    if isinstance(error, duckdb.Error):
        return reasons.of_duckdb(error)
    told = f"GENERIC_INTERNAL_ERROR: the local Athena itself failed: {type(error).__name__}: {error}"
    return StatementError(told, category=SYSTEM)


def _fail(execution: Execution, error: StatementError) -> None:
    told = {
        "ErrorCategory": error.category,
        "ErrorType": error.kind,
        "Retryable": error.retryable,
        "ErrorMessage": error.reason,
    }
    execution.end("FAILED", error.reason, told)
