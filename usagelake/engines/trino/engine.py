"""The engine on a Trino cluster: a lake is a schema of Iceberg tables."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from usagelake.domain.schema import TABLES
from usagelake.engines import row_files
from usagelake.engines.iceberg_ddl import trino_table, trino_type
from usagelake.engines.lost_tables import refuse_loss
from usagelake.engines.missing_tables import MissingTables
from usagelake.engines.protocol import Batch, Rows
from usagelake.engines.relations import Relations
from usagelake.engines.text_literal import text_literal
from usagelake.engines.trino import landing
from usagelake.engines.trino.connection import SOURCE, close, connect, run, stream
from usagelake.engines.trino.work_area import WorkArea
from usagelake.errors import EngineError
from usagelake.storage.lease import Lease

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from usagelake.engines.sql_file import SqlFile
    from usagelake.engines.trino.config import TrinoConfig
    from usagelake.storage import ObjectInfo, Storage

LEASE = timedelta(minutes=2)
"""For how long a run is waited for that was killed."""


WINDOWS_AT_MOST = 24
"""Stale hours are rolled up in at most so many windows: a statement costs some tenths of a second."""


class TrinoEngine:
    """A lake in a schema of a Trino cluster.

    Args:
        config: Where it is.
        owner: Who works here, as others are told who have to wait.
        read_only: Open an existing lake for queries alone: nothing is made, and nothing can be executed.

    Raises:
        ConfigurationError: The client is not installed, or the work location is no place.
        EngineError: Trino cannot be reached, a table is not what it must be, or the lake is to be read and is not
            there.
    """

    def __init__(self, config: TrinoConfig, *, owner: str = "a run", read_only: bool = False) -> None:
        self._config = config
        self._owner = owner
        self._read_only = read_only
        self._connection = connect(config)
        self._relations = Relations()
        try:
            shown = (*landing.BATCH_RELATIONS, *(f"new_{table}" for table in TABLES))
            self._work = None if read_only else WorkArea(config, self._connection, shown)
            self._version = f"trino {self._rows('the cluster', 'SELECT version()').rows[0][0]}"
            self._missing = self._open_tables()
        except BaseException:
            close(self._connection)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Clear the work area away and leave."""
        if self._work is not None:
            self._work.close()
        close(self._connection)

    @property
    def version(self) -> str:
        """`trino` and its version."""
        return self._version

    @property
    def windows_at_most(self) -> int:
        """In how many windows stale hours are rolled up at most."""
        return WINDOWS_AT_MOST

    @contextmanager
    def exclusive(self, clock: Callable[[], datetime]) -> Iterator[Callable[[], None]]:
        """Hold the lake's lease, which lies in the work location."""
        lease = Lease(self._writable().store, f"leases/{self._config.schema}", self._owner, LEASE, clock)
        left_behind = lease.take()
        with lease.held() as still_here:
            if left_behind:
                self._end_what_is_left()
            yield still_here

    def take_in(self, storage: Storage, objects: Sequence[ObjectInfo]) -> Iterator[Batch]:
        """Show landing objects to SQL, batch by batch."""
        work = self._writable()
        for batch in landing.take_in(work, storage, objects):
            for relation in landing.BATCH_RELATIONS:
                self._relations.place(relation, self._config.hive_catalog, work.schema)
            yield batch

    def define_view(self, view: SqlFile) -> None:
        """Make a view for as long as the engine is open, and for other clients of the lake."""
        self._relations.define(view)
        self._missing.keeps_from(view)
        if not self._read_only:
            sql = f"CREATE OR REPLACE VIEW {view.name} AS {self._relations.view_text(view.name)}"
            run(self._connection, f"view {view.name}", sql)

    def stage(self, name: str, query: SqlFile, values: Mapping[str, object] | None = None) -> None:
        """Keep the rows of a query in a table of the work area."""
        work = self._writable()
        work.make()
        sql = self._relations.text(query, values)
        table = f"{self._config.iceberg_catalog}.{work.schema}.{name}"
        if self._relations.has(name):
            run(self._connection, query.name, f"DROP TABLE IF EXISTS {table}")
        run(self._connection, query.name, f"CREATE TABLE {table} AS {sql}")
        self._relations.place(name, self._config.iceberg_catalog, work.schema)

    def execute(self, statement: SqlFile, values: Mapping[str, object] | None = None) -> None:
        """Run a statement that changes tables."""
        self._writable()
        run(self._connection, statement.name, self._relations.text(statement, values))

    def fetch(self, query: SqlFile, values: Mapping[str, object] | None = None) -> Rows:
        """Run a query and bring all its rows."""
        self._missing.refuse(query)
        return self._rows(query.name, self._relations.text(query, values))

    def export(self, query: SqlFile, values: Mapping[str, object] | None, path: Path, file_format: str) -> None:
        """Run a query and write its rows to a local file, as they come."""
        columns: list[tuple[str, str]] = []
        self._missing.refuse(query)
        rows = stream(self._connection, query.name, self._relations.text(query, values), columns)
        row_files.write_rows(path, file_format, columns, rows)

    def publish(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Replace the rows of a table by these, at once: a reader sees the former snapshot or the new one."""
        with self._shown(table, rows) as source:
            sql = f"CREATE OR REPLACE TABLE {table} COMMENT {text_literal(TABLES[table].doc)} AS SELECT * FROM {source}"
            run(self._connection, f"publishing {table}", sql)

    def append(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows to a table of the schema, by one statement, which is one snapshot of Iceberg's."""
        with self._shown(table, rows) as source:
            run(self._connection, f"adding to {table}", f"INSERT INTO {table} SELECT * FROM {source}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Nothing: Trino has no change over several tables, and each statement is safe to repeat."""
        yield

    @contextmanager
    def _shown(self, table: str, rows: Sequence[tuple[Any, ...]]) -> Iterator[str]:
        """Show rows for a table to Trino, under the name that is given."""
        work = self._writable()
        columns = {column.name: str(column.type) for column in TABLES[table].columns}
        shown = f"new_{table}"
        with tempfile.TemporaryDirectory(prefix="usagelake-") as folder:
            file = Path(folder) / shown
            row_files.write_rows(file, "parquet", list(columns.items()), rows)
            work.show(shown, columns, file)
        yield f"{self._config.hive_catalog}.{work.schema}.{shown}"
        work.hide(shown)

    def _end_what_is_left(self) -> None:
        """End the statements of a killed run: they would go on, and Iceberg sees no conflict in two appends."""
        running = self._rows(
            "looking for what a killed run has left",
            "SELECT query_id FROM system.runtime.queries WHERE state NOT IN ('FINISHED', 'FAILED') "
            f"AND source = '{SOURCE}' AND \"user\" = {text_literal(self._config.user)} "
            "AND query NOT LIKE '%system.runtime.queries%' "
            f"AND query LIKE {text_literal(f'%{self._config.schema}_work_%')}",
        ).rows
        for (query,) in running:
            with suppress(EngineError):  # it has ended by itself
                run(
                    self._connection,
                    "ending a statement of a killed run",
                    f"CALL system.runtime.kill_query(query_id => {text_literal(query)}, message => 'its run is over')",
                )

    def _writable(self) -> WorkArea:
        if self._work is None:
            raise EngineError("the lake is open for reading alone")
        return self._work

    def _rows(self, what: str, sql: str) -> Rows:
        columns: list[tuple[str, str]] = []
        rows = list(stream(self._connection, what, sql, columns))
        return Rows(columns=tuple(name for name, _ in columns), types=tuple(kind for _, kind in columns), rows=rows)

    def _has_rows(self, table: str) -> bool:
        return bool(self._rows(f"looking into {table}", f"SELECT 1 FROM {table} LIMIT 1").rows)

    def _open_tables(self) -> MissingTables:
        """Make the tables that the schema lacks, and refuse one that has other columns than it must.

        Returns:
            What is lacking where nothing may be made.
        """
        config = self._config
        where = f"{config.iceberg_catalog}.{config.schema}"
        if not self._read_only:
            at = "" if config.location is None else f" WITH (location = {text_literal(config.location)})"
            run(self._connection, f"the schema {where}", f"CREATE SCHEMA IF NOT EXISTS {where}{at}")
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in self._rows(
            f"the schema {where}",
            f"SELECT table_name, column_name, data_type FROM {config.iceberg_catalog}.information_schema.columns "
            f"WHERE table_schema = {text_literal(config.schema)} ORDER BY table_name, ordinal_position",
        ).rows:
            found.setdefault(table, {})[column] = kind.replace(" ", "")
        if self._read_only and not found.keys() & TABLES.keys():
            raise EngineError(f"{where}: there is no lake here; make one with `usagelake bill --engine trino`")
        faults = []
        for name, schema in TABLES.items():
            wanted = {column.name: trino_type(column.type) for column in schema.columns}
            if name in found and found[name] != wanted:
                changed = sorted(found[name].items() ^ wanted.items())
                faults.append(f"{where}.{name}: {', '.join(dict.fromkeys(column for column, _ in changed))}")
        if faults:
            raise EngineError(
                "tables have drifted from what this version of usagelake keeps; columns that differ: "
                + "; ".join(faults)
            )
        if not self._read_only:
            refuse_loss(where, found, self._has_rows)
            for name, schema in TABLES.items():
                if name not in found:
                    run(self._connection, f"the table {where}.{name}", trino_table(schema))
        there = found if self._read_only else TABLES
        return MissingTables(where, there, "run `usagelake bill --engine trino` once, which adds it")
