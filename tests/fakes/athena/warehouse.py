"""The rows of Iceberg tables: a DuckDB schema for each Glue database, and sessions on them.

Which table it is, Glue's `metadata_location` says. One that Glue has and this does not know is made empty, and one
that somebody dropped and made again begins anew.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb

from tests.fakes.athena.types import to_duckdb
from usagelake.engines.dialect import SESSION_SQL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.athena.catalog import Catalog, GlueTable


@dataclass(slots=True)
class Kept:
    """An Iceberg table whose rows are here."""

    metadata: str
    columns: dict[str, str]
    sizes: dict[str, int] | None = field(default=None)


class Warehouse:
    """DuckDB with what the Iceberg tables hold.

    Args:
        catalog: Glue.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._lock = threading.RLock()
        self.writing = threading.RLock()
        self._open()

    def _open(self) -> None:
        self._connection = duckdb.connect(":memory:", config={"preserve_insertion_order": False})
        self._connection.execute("SET enable_progress_bar = false")
        self._kept: dict[tuple[str, str], Kept] = {}

    def reset(self) -> None:
        """Forget every row."""
        with self.writing, self._lock:
            self._connection.close()
            self._open()

    def session(self) -> duckdb.DuckDBPyConnection:
        """Open a session of its own."""
        with self._lock:
            session = self._connection.cursor()
        for statement in SESSION_SQL:
            session.execute(statement)
        return session

    def enter(self, session: duckdb.DuckDBPyConnection, database: str) -> None:
        """Let a session find a database's tables by their bare names."""
        self._make_schema(database)
        session.execute(f'USE memory."{database}"')

    def columns(self, table: GlueTable) -> Mapping[str, str]:
        """Give an Iceberg table's columns, and see to it that it is here."""
        return self._table(table).columns

    def size(self, table: GlueTable, read: set[str]) -> int:
        """Tell about how many bytes a statement scans that names these columns of a table."""
        kept = self._table(table)
        with self._lock:
            if kept.sizes is None:
                kept.sizes = self._measure(table, kept)
            return sum(size for column, size in kept.sizes.items() if column in read)

    def changed(self, database: str, name: str) -> None:
        """Say that a table's rows have changed."""
        with self._lock:
            if (database, name) in self._kept:
                self._kept[database, name].sizes = None

    def make(
        self, session: duckdb.DuckDBPyConnection, database: str, name: str, columns: Mapping[str, str], location: str
    ) -> str:
        """Make a table, empty, in place of what a former one has left; return its `metadata_location`."""
        self._make_schema(database)
        with self._lock:
            metadata = f"{location.rstrip('/')}/metadata/00000-{uuid.uuid4()}.metadata.json"
            spec = ", ".join(f'"{column}" {to_duckdb(kind)}' for column, kind in columns.items())
            session.execute(f'DROP TABLE IF EXISTS memory."{database}"."{name}"')
            session.execute(f'CREATE TABLE memory."{database}"."{name}" ({spec})')
            self._kept[database, name] = Kept(metadata, dict(columns))
            return metadata

    def forget(self, database: str, name: str) -> None:
        """Take it back that a table was made: its making was rolled back."""
        with self._lock:
            self._kept.pop((database, name), None)

    def alter(self, session: duckdb.DuckDBPyConnection, table: GlueTable, columns: Mapping[str, str]) -> None:
        """Add columns, or give those that are there another type."""
        with self._lock:
            kept = self._table(table)
            for column, kind in columns.items():
                verb = f'ALTER "{column}" TYPE' if column in kept.columns else f'ADD COLUMN "{column}"'
                session.execute(f'ALTER TABLE memory."{table.database}"."{table.name}" {verb} {to_duckdb(kind)}')
            kept.columns |= columns
            kept.sizes = None

    def _make_schema(self, database: str) -> None:
        with self._lock, self._connection.cursor() as session:
            session.execute(f'CREATE SCHEMA IF NOT EXISTS memory."{database}"')

    def _table(self, table: GlueTable) -> Kept:
        with self._lock:
            kept = self._kept.get((table.database, table.name))
            metadata = table.parameters.get("metadata_location")
            if kept is None or kept.metadata != metadata:
                with self._connection.cursor() as session:
                    told = self.make(session, table.database, table.name, table.columns, table.location)
                kept = self._kept[table.database, table.name]
                if metadata is None:
                    self._catalog.change(table, kept.columns, {"metadata_location": told})
                else:
                    kept.metadata = metadata
            return kept

    def _measure(self, table: GlueTable, kept: Kept) -> dict[str, int]:
        widths = [
            f'coalesce(sum(strlen("{column}")), 0)' if kind == "varchar" else f"count(*) * {_width(kind)}"
            for column, kind in kept.columns.items()
        ]
        with self._connection.cursor() as session:
            row = session.execute(
                f'SELECT {", ".join(widths)} FROM memory."{table.database}"."{table.name}"'
            ).fetchone()
        assert row is not None
        return {column: int(size) for column, size in zip(kept.columns, row, strict=True)}


def _width(kind: str) -> int:
    return 16 if kind.startswith("decimal") else 1 if kind == "boolean" else 4 if kind in ("integer", "date") else 8
