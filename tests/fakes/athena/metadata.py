"""Athena's calls that ask what Glue holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.athena.errors import ApiError
from tests.fakes.athena.types import to_glue

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.athena.catalog import Catalog, GlueTable


class Metadata:
    """GetDatabase, ListDatabases, GetTableMetadata and ListTableMetadata.

    Args:
        catalog: Glue.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.calls: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "GetDatabase": self._database,
            "ListDatabases": self._databases,
            "GetTableMetadata": self._table,
            "ListTableMetadata": self._tables,
        }

    def _database(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request["DatabaseName"]
        self._known(name)
        return {"Database": {"Name": name}}

    def _databases(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"DatabaseList": [{"Name": name} for name in self._catalog.databases()]}

    def _table(self, request: dict[str, Any]) -> dict[str, Any]:
        database, name = request["DatabaseName"], request["TableName"]
        self._known(database)
        found = self._catalog.find(database, name)
        if found is None:
            raise ApiError("MetadataException", f"EntityNotFoundException: Entity Not Found: {name}")
        return {"TableMetadata": _told(found)}

    def _tables(self, request: dict[str, Any]) -> dict[str, Any]:
        self._known(request["DatabaseName"])
        return {"TableMetadataList": [_told(table) for table in self._catalog.tables(request["DatabaseName"])]}

    def _known(self, database: str) -> None:
        if not self._catalog.has_database(database):
            raise ApiError("MetadataException", f"EntityNotFoundException: Database {database} not found.")


def _told(table: GlueTable) -> dict[str, Any]:
    return {
        "Name": table.name,
        "TableType": table.raw.get("TableType", ""),
        "Columns": [{"Name": name, "Type": to_glue(kind)} for name, kind in table.columns.items()],
        "PartitionKeys": [{"Name": name, "Type": to_glue(kind)} for name, kind in table.partition_keys.items()],
        "Parameters": dict(table.parameters),
    }
