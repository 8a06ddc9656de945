"""The engine on Athena: a lake is a Glue database of Iceberg tables."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from sqlglot import exp

from usagelake.domain.schema import TABLES
from usagelake.engines.athena import appending, landing, publishing
from usagelake.engines.athena.calls import clients_of
from usagelake.engines.athena.catalogue import Catalogue
from usagelake.engines.athena.executions import Executions
from usagelake.engines.athena.pace import Pace
from usagelake.engines.athena.places import workgroup_called
from usagelake.engines.athena.results import Results
from usagelake.engines.athena.spending import Spending, Spent
from usagelake.engines.athena.work_area import WorkArea, json_lines
from usagelake.engines.dialect import RefusalError, check, to_athena
from usagelake.engines.parameters import bind
from usagelake.engines.protocol import Batch, Rows
from usagelake.engines.relations import Relations
from usagelake.engines.text_literal import text_literal
from usagelake.engines.working_schema import table_schema
from usagelake.errors import EngineError
from usagelake.storage import open_location
from usagelake.storage.lease import Lease

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from usagelake.engines.athena.config import AthenaConfig
    from usagelake.engines.athena.identity import Run
    from usagelake.engines.sql_file import SqlFile
    from usagelake.storage import ObjectInfo, Storage

LEASE = timedelta(minutes=2)
"""For how long a run is waited for that was killed."""

WINDOWS_AT_MOST = 4
"""Stale hours are rolled up in at most so many windows: a statement costs some seconds, and 10 MB at least."""


class AthenaEngine:
    """A lake in a Glue database.

    Args:
        config: Where it is.
        run: Who works on it.
        read_only: Open an existing lake for queries alone: no table is made or changed.
        pace: How long Athena is waited for.

    Raises:
        ConfigurationError: The database or the workgroup is not there or not as it must be, or there are no
            credentials.
        EngineError: AWS cannot be reached, a table has drifted, or the lake is to be read and is not there.
    """

    def __init__(self, config: AthenaConfig, run: Run, *, read_only: bool = False, pace: Pace | None = None) -> None:
        self._config = config
        self._run = run
        self._read_only = read_only
        self._relations = Relations()
        self._schema = table_schema()
        pace = pace or Pace()
        self._clients = clients_of(config, pace)
        workgroup = workgroup_called(self._clients, config.workgroup)
        self._version = workgroup.version
        self._executions = Executions(self._clients, config, run, workgroup.asked_at)
        self._catalogue = Catalogue(self._clients, config, self._executions)
        self._work = WorkArea(config, self._catalogue, pace, nonce=run.nonce, began=workgroup.asked_at)
        self._results = Results(self._clients, config)
        try:
            self._missing = self._catalogue.open_tables(self._has_rows, read_only=read_only)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Clear the work area away and leave."""
        self._work.close()
        self._results.close()
        for client in (self._clients.athena, self._clients.glue):
            client.close()

    @property
    def version(self) -> str:
        """`athena` and its engine's version."""
        return self._version

    @property
    def windows_at_most(self) -> int:
        """In how many windows stale hours are rolled up at most."""
        return WINDOWS_AT_MOST

    @contextmanager
    def exclusive(self, clock: Callable[[], datetime]) -> Iterator[Callable[[], None]]:
        """Hold the lake's lease, which lies in the work location."""
        self._writable()
        identity = self._run.identity
        owner = f"{identity.job} {identity.window} ({identity.attempt})"
        lease = Lease(open_location(self._config.work), f"leases/{self._config.database}", owner, LEASE, clock)
        left_behind = lease.take()
        with lease.held() as still_here:
            if left_behind:
                self._executions.wait_again()
            yield still_here

    @property
    def spent(self) -> list[Spent]:
        """What each statement of this run took, in their order."""
        return self._executions.spent

    @property
    def spending(self) -> Spending:
        """What this run's statements took together."""
        return Spending(tuple(self.spent))

    def take_in(self, storage: Storage, objects: Sequence[ObjectInfo]) -> Iterator[Batch]:
        """Show landing objects to SQL, batch by batch."""
        work = self._writable()
        for batch in landing.take_in(work, self._relations, storage, objects):
            self._schema.update(landing.BATCH_RELATIONS)
            yield batch

    def define_view(self, view: SqlFile) -> None:
        """Make a view for as long as the engine is open, and for other clients of the lake."""
        if self._missing.keeps_from(view):
            return
        self._relations.define(view)
        self._schema[view.name] = dict(self._columns(view, None))
        if not self._read_only:
            self._catalogue.make_view(view.name, self._relations.view_text(view.name))

    def stage(self, name: str, query: SqlFile, values: Mapping[str, object] | None = None) -> None:
        """Keep the rows of a query in an Iceberg table of the work area."""
        columns = self._columns(query, values)
        casts = [
            exp.alias_(exp.cast(exp.column(column), publishing.staged_type(kind), dialect="trino"), column)
            for column, kind in columns
        ]
        staged = exp.select(*casts).from_(self._relations.tree(query, values).subquery("staged"))  # type: ignore[attr-defined]
        table, location = self._writable().claim(name)
        self._executions.read(
            query.name,
            f"CREATE TABLE {table} WITH (table_type = 'ICEBERG', location = {text_literal(f'{location}/')}, "
            f"is_external = false, format = 'PARQUET') AS {to_athena(staged)}",
        )
        self._relations.name(name, table)
        self._schema[name] = dict(columns)

    def execute(self, statement: SqlFile, values: Mapping[str, object] | None = None) -> None:
        """Run a statement that changes tables."""
        self._writable()
        self._executions.change(statement.name, self._relations.text(statement, values))

    def fetch(self, query: SqlFile, values: Mapping[str, object] | None = None) -> Rows:
        """Run a query and bring all its rows."""
        self._missing.refuse(query)
        columns: list[tuple[str, str]] = []
        rows = list(self._stream(query, values, columns))
        return Rows(columns=tuple(name for name, _ in columns), types=tuple(kind for _, kind in columns), rows=rows)

    def export(self, query: SqlFile, values: Mapping[str, object] | None, path: Path, file_format: str) -> None:
        """Run a query and write its rows to a local file: by UNLOAD, or page by page where that keeps no order."""
        from usagelake.engines import row_files  # noqa: PLC0415 (which needs DuckDB; a Lambda function may lack it)
        from usagelake.engines.athena import exporting  # noqa: PLC0415 (the same)

        self._missing.refuse(query)
        location = self._work.folder(query.name)
        typed: tuple[tuple[str, str], ...] = ()
        unload = None
        with suppress(RefusalError):  # Athena knows more than we can type: such a query goes page by page
            typed = self._columns(query, values)
            unload = exporting.unloading(self._relations.tree(query, values), typed, location)
        if unload is None:
            columns: list[tuple[str, str]] = []
            row_files.write_rows(path, file_format, columns, self._stream(query, values, columns))
            return
        self._executions.read(query.name, unload)
        exporting.write(location, path, file_format, typed)

    def publish(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Replace the rows of a table by these, at once: a reader sees the former snapshot or the new one."""
        work = self._writable()
        source = work.show(f"new_{table}", landing.ONE_LINE, landing.packed(json_lines(rows)))
        self._executions.change(f"publishing {table}", publishing.replacement(TABLES[table], source))
        work.hide(f"new_{table}")

    def append(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows to a table, in one commit."""
        work = self._writable()
        if not rows:
            return
        shown = f"added_{table}"
        source, location = work.claim(shown)
        appending.show_rows(
            self._clients, TABLES[table], rows, database=self._config.database, name=source, location=location
        )
        self._executions.change(f"adding rows to {table}", appending.insertion(TABLES[table], source))
        work.hide(shown)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Nothing: Athena has no change over several tables, and each statement is safe to repeat."""
        yield

    def _has_rows(self, table: str) -> bool:
        what = f"looking into {table}"
        found = self._executions.read(what, f"SELECT 1 FROM {table} LIMIT 1")
        return any(True for _ in self._results.stream(what, found, []))

    def _writable(self) -> WorkArea:
        if self._read_only:
            raise EngineError("the lake is open for reading alone")
        return self._work

    def _stream(
        self, query: SqlFile, values: Mapping[str, object] | None, columns: list[tuple[str, str]]
    ) -> Iterator[tuple[Any, ...]]:
        execution = self._executions.read(query.name, self._relations.text(query, values))
        yield from self._results.stream(query.name, execution, columns)

    def _columns(self, query: SqlFile, values: Mapping[str, object] | None) -> tuple[tuple[str, str], ...]:
        """Tell a query's columns and their types, as Athena will have them."""
        bound = bind(query.tree, query.params, values, origin=f"{query.kind}/{query.name}")
        return check(bound, self._schema, origin=query.origin)
