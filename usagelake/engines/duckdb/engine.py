"""The embedded engine: a lake is one DuckDB file in a folder."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb

from usagelake.domain.landing import Source
from usagelake.domain.schema import TABLES
from usagelake.engines.dialect import Carried, carry
from usagelake.engines.duckdb import landing_relations
from usagelake.engines.duckdb.connection import MEMORY_LIMIT, SCHEMA, WRITE_AS, connect, engine_errors
from usagelake.engines.duckdb.insertion import as_insertion
from usagelake.engines.duckdb.tables import create_tables, tables_of
from usagelake.engines.missing_tables import MissingTables
from usagelake.engines.parameters import bind, complete
from usagelake.engines.protocol import Batch, Rows
from usagelake.engines.staging import Staged, batches, stage
from usagelake.engines.text_literal import text_literal
from usagelake.engines.working_schema import LANDING_COLUMNS, OBJECT_COLUMNS, landing_relation, table_schema
from usagelake.errors import ConfigurationError, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from usagelake.engines.parameters import Value
    from usagelake.engines.sql_file import SqlFile
    from usagelake.storage import ObjectInfo, Storage

DATABASE = "lake.duckdb"

BATCH_BYTES = 160 * 1024 * 1024
"""One batch's objects: large enough that each of two threads fills whole row groups, which DuckDB writes where they
belong while it inserts instead of through its log; small enough to fit into memory parsed."""

BATCH_OBJECTS = 20_000

WINDOWS_AT_MOST = 24
"""Stale hours are rolled up in at most so many windows: a statement is cheap here."""


class DuckDBEngine:
    """A lake in a folder of this machine.

    Args:
        lake: The folder; it is made if need be. None makes a temporary one that goes with the engine.
        memory_limit: What DuckDB may hold in memory, as DuckDB writes it.
        read_only: Open an existing lake for queries alone: no statement can write, on the lake or beside it.

    Raises:
        LakeBusyError: Another process has the lake open.
        ConfigurationError: DuckDB cannot work with the folder's name.
        EngineError: It cannot be opened, or is to be read and does not exist.
    """

    def __init__(self, lake: Path | None, *, memory_limit: str = MEMORY_LIMIT, read_only: bool = False) -> None:
        self._temporary = None if lake else tempfile.TemporaryDirectory(prefix="usagelake-")
        self._lake = lake or Path(self._temporary.name if self._temporary else "")
        self._read_only = read_only
        database = self._lake.absolute() / DATABASE
        if "?" in str(database):
            raise ConfigurationError(
                f"{self._lake}: DuckDB cannot keep a lake below a ? in a path; choose another folder"
            )
        if read_only and not database.is_file():
            raise EngineError(
                f"{self._lake}: there is no lake here; make one with `usagelake bill --lake {self._lake}`"
            )
        self._lake.mkdir(parents=True, exist_ok=True)
        self._work = database.parent / "work"
        self._connection = connect(database, spill=self._work / "spill", memory_limit=memory_limit, read_only=read_only)
        self._schema = table_schema()
        self._carried: dict[tuple[str, str], Carried] = {}
        self._batches = itertools.count()
        if not read_only:
            shutil.rmtree(self._work, ignore_errors=True)
            self._work.mkdir(parents=True)
            with engine_errors(f"the lake {database}"):
                create_tables(self._connection)
        with engine_errors(f"the lake {database}"):
            found = tables_of(self._connection)
        advice = f"run `usagelake bill --lake {self._lake}` once, which adds it"
        self._missing = MissingTables(str(self._lake), found, advice)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the lake; a temporary one is deleted."""
        self._connection.close()
        if not self._read_only:
            shutil.rmtree(self._work, ignore_errors=True)
        if self._temporary is not None:
            self._temporary.cleanup()

    @property
    def version(self) -> str:
        """`duckdb` and its version."""
        return f"duckdb {duckdb.__version__}"

    @property
    def windows_at_most(self) -> int:
        """In how many windows stale hours are rolled up at most."""
        return WINDOWS_AT_MOST

    @contextmanager
    def exclusive(self, clock: Callable[[], datetime]) -> Iterator[Callable[[], None]]:  # noqa: ARG002 (the protocol's)
        """Nothing: who has a lake's file open for writing has it alone."""
        yield lambda: None

    def take_in(self, storage: Storage, objects: Sequence[ObjectInfo]) -> Iterator[Batch]:
        """Show landing objects to SQL, batch by batch; the next batch is read while one is worked on."""
        beside = storage.path("-")
        root = None if beside is None else str(beside).removesuffix("-")
        plan = batches(objects, size=BATCH_BYTES, count=BATCH_OBJECTS)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="staging") as reader:

            def staged_next() -> Staged | None:
                batch = next(plan, None)
                if batch is None:
                    return None
                # A number of its own: a batch that was read and not asked for stays until the engine is closed.
                folder = self._work / f"batch-{next(self._batches)}"
                folder.mkdir()
                return stage(storage, batch, folder)

            coming = reader.submit(staged_next)
            while (staged := coming.result()) is not None:
                coming = reader.submit(staged_next)
                with engine_errors("reading a batch of landing objects"):
                    landing_relations.show(self._connection, staged, root)
                self._know("batch_objects", OBJECT_COLUMNS)
                for source in Source:
                    self._know(landing_relation(source), LANDING_COLUMNS)
                yield Batch(
                    objects=len(staged.rows),
                    size=staged.size,
                    sources=frozenset(source for source in Source if staged.files[source] or source in staged.chunks),
                    unreadable=tuple(staged.unreadable),
                )
                shutil.rmtree(staged.folder)

    def define_view(self, view: SqlFile) -> None:
        """Make a view for as long as the engine is open, unless the lake is an older one that lacks its tables."""
        carried, _ = self._prepare(view)
        if not self._missing.keeps_from(view):
            with engine_errors(f"view {view.name}"):
                self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {view.name} AS {carried.sql}")
        self._know(view.name, dict(carried.columns))

    def stage(self, name: str, query: SqlFile, values: Mapping[str, object] | None = None) -> None:
        """Keep the rows of a query in a temporary table."""
        carried, prepared = self._prepare(query, values)
        with engine_errors(query.name):
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {carried.sql}", prepared)
        self._know(name, dict(carried.columns))

    def execute(self, statement: SqlFile, values: Mapping[str, object] | None = None) -> None:
        """Run a statement that changes tables."""
        carried, prepared = self._prepare(statement, values)
        with engine_errors(statement.name):
            self._connection.execute(carried.sql, prepared)

    def fetch(self, query: SqlFile, values: Mapping[str, object] | None = None) -> Rows:
        """Run a query and bring all its rows."""
        self._missing.refuse(query)
        carried, prepared = self._prepare(query, values)
        with engine_errors(query.name):
            rows = self._connection.execute(carried.sql, prepared).fetchall()
        return Rows(
            columns=tuple(name for name, _ in carried.columns),
            types=tuple(kind for _, kind in carried.columns),
            rows=rows,
        )

    def export(self, query: SqlFile, values: Mapping[str, object] | None, path: Path, file_format: str) -> None:
        """Run a query and write its rows to a local file."""
        target = text_literal(str(path.absolute()))
        self._missing.refuse(query)
        carried, prepared = self._prepare(query, values)
        with engine_errors(f"writing {path}"):
            self._connection.execute(f"COPY ({carried.sql}) TO {target} ({WRITE_AS[file_format]})", prepared)

    def publish(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Replace the rows of a table by these, at once."""
        with engine_errors(f"publishing {table}"), self._loaded(table, rows) as loaded, self.transaction():
            self._connection.execute(f"DELETE FROM {SCHEMA}.{table}")
            self._connection.execute(f"INSERT INTO {SCHEMA}.{table} SELECT * FROM {loaded}")

    def append(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows to a table of the schema, by one statement."""
        with engine_errors(f"adding to {table}"), self._loaded(table, rows) as loaded:
            self._connection.execute(f"INSERT INTO {SCHEMA}.{table} SELECT * FROM {loaded}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the statements within one change, or none if one of them fails."""
        with engine_errors("beginning a batch"):
            self._connection.begin()
        try:
            yield
            with engine_errors("keeping a batch"):
                self._connection.commit()
        except BaseException:
            with suppress(duckdb.Error):
                self._connection.rollback()
            raise

    @contextmanager
    def _loaded(self, table: str, rows: Sequence[tuple[Any, ...]]) -> Iterator[str]:
        """Hold rows for a table in a temporary one, whose name is given."""
        columns = {column.name: column.type for column in TABLES[table].columns}
        name = f"new_{table}"
        landing_relations.load(self._connection, name, columns, rows, self._work)
        yield name
        self._connection.execute(f"DROP TABLE {name}")

    def _prepare(self, file: SqlFile, values: Mapping[str, object] | None = None) -> tuple[Carried, dict[str, Value]]:
        """Check a file as Athena would, carry it to DuckDB, and complete its values.

        It is carried once, with its parameters open; only a list, which no engine binds, is written into the
        statement, and the statement carried for that list.
        """
        where = f"{file.kind}/{file.name}"
        if any(parameter.type.endswith("[]") for parameter in file.params.values()):
            tree = as_insertion(bind(file.tree, file.params, values, origin=where))
            return carry(tree, self._schema, origin=file.origin), {}
        known = (file.origin, file.digest)
        if known not in self._carried:
            types = {parameter.name: parameter.type for parameter in file.params.values()}
            self._carried[known] = carry(as_insertion(file.tree), self._schema, params=types, origin=file.origin)
        return self._carried[known], complete(file.params, values or {}, where=where)

    def _know(self, relation: str, columns: Mapping[str, str]) -> None:
        self._schema[relation] = {name: str(kind) for name, kind in columns.items()}
