"""A run's own corner of a Trino lake: a schema for what is staged, and files that Trino reads through Hive tables.

Two runs never share one. A run that is killed leaves its corner behind; the next run but one day sweeps it.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from usagelake.domain.schema import ColumnType
from usagelake.engines.iceberg_ddl import trino_type
from usagelake.engines.text_literal import text_literal
from usagelake.engines.trino.connection import run, stream
from usagelake.errors import EngineError
from usagelake.storage import PutOutcome, open_location

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trino.dbapi import Connection

    from usagelake.engines.trino.config import TrinoConfig

LEFT_BEHIND_AFTER = timedelta(days=1)
"""A work schema that is older belongs to no run that lives."""

_STAMP = "%Y%m%d%H%M%S"


class WorkArea:
    """A run's corner; it is made when the first thing is put there.

    Args:
        config: Where the lake is.
        connection: To Trino.
        shown: The names that files may be shown under.
    """

    def __init__(self, config: TrinoConfig, connection: Connection, shown: tuple[str, ...]) -> None:
        self._config = config
        self._connection = connection
        self._shown = shown
        self._prefix = f"{config.schema}_work_"
        self.schema = f"{self._prefix}{datetime.now(UTC):{_STAMP}}_{secrets.token_hex(4)}"
        self.store = open_location(config.work, create=True, endpoint_url=config.endpoint_url)
        self._made = False
        self._files: dict[str, str] = {}
        self._number = 0

    def make(self) -> None:
        """Make the schema unless it is there, and sweep what killed runs have left."""
        if self._made:
            return
        self._made = True
        self._sweep()
        where = text_literal(f"{self._config.work_location}/{self.schema}")
        self._run(f"CREATE SCHEMA {self._config.iceberg_catalog}.{self.schema} WITH (location = {where})")

    def show(self, name: str, columns: Mapping[str, str], file: Path) -> None:
        """Make a Hive table of a local Parquet file, in the place of the one of that name.

        Raises:
            EngineError: Trino refuses it.
            StorageError: The work location cannot be written.
        """
        self.make()
        self.hide(name)
        self._number += 1
        folder = f"{self.schema}/{name}-{self._number}"
        key = f"{folder}/rows.parquet"
        put = self.store.put_if_absent(
            key, file.read_bytes(), content_type="application/vnd.apache.parquet", metadata={}
        )
        assert put is PutOutcome.CREATED
        self._files[name] = key
        spec = ", ".join(f"{column} {trino_type(ColumnType(kind))}" for column, kind in columns.items())
        where = text_literal(f"{self._config.work_location}/{folder}")
        self._run(f"CREATE TABLE {self._hive(name)} ({spec}) WITH (format = 'PARQUET', external_location = {where})")

    def check_rows(self, name: str, rows: int) -> None:
        """Make sure that Trino sees what this process has written.

        Args:
            name: What is shown.
            rows: How many rows it has.

        Raises:
            EngineError: It sees something else, and would take a batch for empty.
        """
        ((seen,),) = stream(
            self._connection, f"the work schema {self.schema}", f"SELECT count(*) FROM {self._hive(name)}", []
        )
        if seen != rows:
            raise EngineError(
                f"Trino finds {seen} rows where {rows} were written: work_location {self._config.work_location} is not "
                f"the place that work {self._config.work} is"
            )

    def hide(self, name: str) -> None:
        """Drop the table of a name, and its file where it lies on this machine; on S3 a lifecycle rule does."""
        key = self._files.pop(name, None)
        if key is None:
            return
        self._run(f"DROP TABLE IF EXISTS {self._hive(name)}")
        path = self.store.path(key)
        if path is not None:
            with suppress(OSError):
                path.unlink()
                path.parent.rmdir()

    def close(self) -> None:
        """Drop the schema and all that is in it; where Trino cannot, a later run will."""
        if not self._made:
            return
        with suppress(EngineError):
            for name in list(self._files):
                self.hide(name)
            self._run(f"DROP SCHEMA IF EXISTS {self._config.iceberg_catalog}.{self.schema} CASCADE")
        path = self.store.path(self.schema)
        if path is not None:
            with suppress(OSError):
                path.rmdir()

    def _sweep(self) -> None:
        catalog = self._config.iceberg_catalog
        oldest = f"{self._prefix}{datetime.now(UTC) - LEFT_BEHIND_AFTER:{_STAMP}}"
        found = stream(
            self._connection,
            "looking for what killed runs have left",
            f"SELECT schema_name FROM {catalog}.information_schema.schemata "
            f"WHERE starts_with(schema_name, {text_literal(self._prefix)}) AND schema_name < {text_literal(oldest)}",
            [],
        )
        for (schema,) in list(found):
            with suppress(EngineError):  # another run sweeps it at the same time
                for name in self._shown:
                    self._run(f"DROP TABLE IF EXISTS {self._config.hive_catalog}.{schema}.{name}")
                self._run(f"DROP SCHEMA IF EXISTS {catalog}.{schema} CASCADE")

    def _hive(self, name: str) -> str:
        return f"{self._config.hive_catalog}.{self.schema}.{name}"

    def _run(self, sql: str) -> None:
        run(self._connection, f"the work schema {self.schema}", sql)
