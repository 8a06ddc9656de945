"""The lake's tables and views in Glue: made when they are missing, refused when they have drifted."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from usagelake.domain.schema import TABLES
from usagelake.engines.athena.calls import code_of, message_of
from usagelake.engines.athena.places import database_called
from usagelake.engines.iceberg_ddl import athena_table, athena_type
from usagelake.engines.lost_tables import refuse_loss
from usagelake.engines.missing_tables import MissingTables
from usagelake.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from usagelake.domain.schema import Table
    from usagelake.engines.athena.calls import Clients
    from usagelake.engines.athena.config import AthenaConfig
    from usagelake.engines.athena.executions import Executions

VIEW_DIGEST: Final = "usagelake.digest"
"""The parameter of a view in Glue that tells which text it was made of."""

_KEPT: Final = (
    "Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "ViewOriginalText",
    "ViewExpandedText", "TableType", "Parameters",
)  # fmt: skip
"""What UpdateTable takes of what GetTable gives."""

_DELETED_AT_ONCE: Final = 100
_SYNONYMS: Final = {"long": "bigint", "integer": "int", "varchar": "string"}


class Catalogue:
    """A Glue database.

    Args:
        clients: What speaks to AWS.
        config: Where the lake is.
        executions: Runs statements.
    """

    def __init__(self, clients: Clients, config: AthenaConfig, executions: Executions) -> None:
        self._clients = clients
        self._config = config
        self._executions = executions
        self._views: dict[str, str] | None = None

    def open_tables(self, has_rows: Callable[[str], bool], *, read_only: bool) -> MissingTables:
        """Make the tables that are missing, and refuse those that have other columns than they must.

        Args:
            has_rows: Tells whether a table holds anything.
            read_only: Make none.

        Returns:
            What is lacking where nothing may be made.

        Raises:
            ConfigurationError: The database is not there.
            EngineError: A table has drifted or was lost, or the lake is to be read and is not there.
        """
        database_called(self._clients, self._config.database)
        found = {raw["Name"]: raw for raw in self._tables()}
        self._views = {
            name: str((raw.get("Parameters") or {}).get(VIEW_DIGEST, ""))
            for name, raw in found.items()
            if raw.get("TableType") == "VIRTUAL_VIEW"
        }
        if read_only and not found.keys() & TABLES.keys():
            raise EngineError(
                f"{self._config.database}: there is no lake here; make one with `usagelake bill --engine athena`"
            )
        faults = [fault for name, table in TABLES.items() if name in found for fault in _faults(table, found[name])]
        if faults:
            raise EngineError(
                "tables have drifted from what this version of usagelake keeps; columns that differ: "
                + "; ".join(f"{self._config.database}.{fault}" for fault in faults)
            )
        if not read_only:
            refuse_loss(self._config.database, found, has_rows)
            for name, table in TABLES.items():
                if name not in found:
                    self._make_table(table)
        there = found if read_only else TABLES
        return MissingTables(self._config.database, there, "run `usagelake bill --engine athena` once, which adds it")

    def _make_table(self, table: Table) -> None:
        ddl = athena_table(table, database=self._config.database, location=self._config.tables)
        try:
            self._executions.change(f"the table {table.name}", ddl)
        except EngineError as error:
            if "non-empty location" not in str(error):
                raise
            raise EngineError(
                f"{error}\nThe table is gone from Glue and its files are not: register it there again with its "
                "newest metadata file, or move the files away and let a run begin anew"
            ) from error

    def make_view(self, name: str, query: str) -> None:
        """Make a view for other clients, unless it is there and was made of this text.

        Raises:
            EngineError: It cannot be made.
        """
        digest = "sha256:" + hashlib.sha256(query.encode()).hexdigest()
        if (self._views or {}).get(name) == digest:
            return
        self._executions.change(f"the view {name}", f"CREATE OR REPLACE VIEW {name} AS {query}")
        what = f"the view {self._config.database}.{name}"
        raw = self._asked(what, lambda: self._get_table(name))
        table_input = {key: raw[key] for key in _KEPT if raw.get(key) is not None}
        table_input["Parameters"] = {**raw.get("Parameters", {}), VIEW_DIGEST: digest}
        self._asked(what, lambda: self._update_table(table_input))

    def show_lines(self, name: str, columns: Mapping[str, str], location: str) -> None:
        r"""Make an external table of text files whose columns `\x01` stands between.

        Args:
            name: Its name.
            columns: Its columns, each with Hive's type.
            location: The folder of the files; they may be gzip'ed.

        Raises:
            EngineError: Glue refuses it.
        """
        table_input: Any = {
            "Name": name,
            "Description": "Of a run of usagelake; it goes with the run.",
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE"},
            "StorageDescriptor": {
                "Columns": [{"Name": column, "Type": kind} for column, kind in columns.items()],
                "Location": f"{location}/",
                "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                "SerdeInfo": {
                    "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                    "Parameters": {
                        "field.delim": "\x01",
                        "serialization.format": "\x01",
                        "serialization.null.format": "\x01",  # ends a value and so is none: no text is NULL
                    },
                },
            },
        }
        self._asked(
            f"the table {self._config.database}.{name}",
            lambda: self._clients.glue.create_table(
                DatabaseName=self._config.database,
                TableInput=table_input,
            ),
        )

    def forget(self, names: Iterable[str]) -> None:
        """Take tables out of the database; their files are left to the place where they lie.

        Raises:
            EngineError: Glue cannot be asked. A single table that it does not drop is left to a later run.
        """
        gone = list(names)
        for start in range(0, len(gone), _DELETED_AT_ONCE):
            part = gone[start : start + _DELETED_AT_ONCE]
            self._asked(
                f"clearing away tables of {self._config.database}",
                partial(self._clients.glue.batch_delete_table, DatabaseName=self._config.database, TablesToDelete=part),
            )

    def tables_called(self, pattern: str) -> list[str]:
        """List the tables whose name fits a regular expression."""
        return [raw["Name"] for raw in self._tables(pattern)]

    def _tables(self, pattern: str | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        token: str | None = None
        while True:
            asked: dict[str, Any] = {"DatabaseName": self._config.database}
            if pattern is not None:
                asked["Expression"] = pattern
            if token is not None:
                asked["NextToken"] = token
            page = self._asked(
                f"the tables of {self._config.database}",
                partial(self._clients.glue.get_tables, **asked),
            )
            found.extend(page["TableList"])
            token = page.get("NextToken")
            if not token:
                return found

    def _get_table(self, name: str) -> dict[str, Any]:
        return dict(self._clients.glue.get_table(DatabaseName=self._config.database, Name=name)["Table"])

    def _update_table(self, table_input: Any) -> None:
        self._clients.glue.update_table(
            DatabaseName=self._config.database,
            TableInput=table_input,
        )

    def _asked(self, what: str, function: Any) -> Any:
        try:
            return self._clients.call(what, function)
        except ClientError as error:
            raise EngineError(f"{what}: {message_of(error)} ({code_of(error)})") from error


def _faults(table: Table, raw: Mapping[str, Any]) -> list[str]:
    """Tell what of a table is not as it must be."""
    if str((raw.get("Parameters") or {}).get("table_type", "")).upper() != "ICEBERG":
        return [f"{table.name}: is no Iceberg table"]
    found = {
        column["Name"]: _plain(str(column["Type"]))
        for column in raw.get("StorageDescriptor", {}).get("Columns", [])
        if (column.get("Parameters") or {}).get("iceberg.field.current", "true") != "false"  # it was dropped once
    }
    wanted = {column.name: athena_type(column.type) for column in table.columns}
    differ = dict.fromkeys(name for name, _ in sorted(found.items() ^ wanted.items()))
    return [f"{table.name}: {', '.join(differ)}"] if differ else []


def _plain(kind: str) -> str:
    """Spell a type in one way: Glue keeps Hive's words, Iceberg's or Trino's, as the table was made."""
    spelled = kind.lower().replace(" ", "")
    if spelled.startswith("timestamp") and "zone" not in spelled:
        return "timestamp"
    return _SYNONYMS.get(spelled, spelled)
