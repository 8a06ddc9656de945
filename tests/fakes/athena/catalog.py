"""Glue, as Athena sees it: what a name is, and what is registered there."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.athena.types import from_glue, to_glue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_glue import GlueClient

_VIEW_HEAD = "/* Presto View: "


@dataclass(frozen=True, slots=True)
class GlueTable:
    """A table or a view that Glue holds.

    Attributes:
        database: Its database.
        name: Its name, in lower case.
        columns: Column → type, in the dialect's words.
        partition_keys: The same for the keys of its partitions.
        location: Where its objects lie.
        raw: What Glue answers.
    """

    database: str
    name: str
    columns: Mapping[str, str]
    partition_keys: Mapping[str, str]
    location: str
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def parameters(self) -> Mapping[str, str]:
        """Its parameters."""
        found: Mapping[str, str] = self.raw.get("Parameters") or {}
        return found

    @property
    def is_iceberg(self) -> bool:
        """Whether it is an Iceberg table."""
        return self.parameters.get("table_type", "").upper() == "ICEBERG"

    @property
    def is_view(self) -> bool:
        """Whether it is a view."""
        return self.raw.get("TableType") == "VIRTUAL_VIEW"

    @property
    def view(self) -> tuple[str, str]:
        """A view's query, and the database in which its names are found."""
        text = str(self.raw["ViewOriginalText"]).removeprefix(_VIEW_HEAD).removesuffix(" */")
        told = json.loads(base64.b64decode(text))
        return told["originalSql"], told["schema"]


class Catalog:
    """Glue's tables.

    Args:
        glue: A client.
    """

    def __init__(self, glue: GlueClient) -> None:
        self._glue = glue

    def has_database(self, name: str) -> bool:
        """Tell whether a database is there."""
        try:
            self._glue.get_database(Name=name)
        except self._glue.exceptions.EntityNotFoundException:
            return False
        return True

    def databases(self) -> list[str]:
        """Give the names of all databases."""
        pages = self._glue.get_paginator("get_databases").paginate()
        return [raw["Name"] for page in pages for raw in page["DatabaseList"]]

    def create_database(self, name: str) -> None:
        """Make a database."""
        self._glue.create_database(DatabaseInput={"Name": name})

    def find(self, database: str, name: str) -> GlueTable | None:
        """Look a table up."""
        try:
            raw = self._glue.get_table(DatabaseName=database, Name=name)["Table"]
        except self._glue.exceptions.EntityNotFoundException:
            return None
        return _table(database, dict(raw))

    def tables(self, database: str) -> list[GlueTable]:
        """Give all tables of a database."""
        pages = self._glue.get_paginator("get_tables").paginate(DatabaseName=database)
        return [_table(database, dict(raw)) for page in pages for raw in page["TableList"]]

    def partitions(self, table: GlueTable) -> list[tuple[list[str], str]]:
        """Give the values and the location of each partition that is registered."""
        pages = self._glue.get_paginator("get_partitions").paginate(DatabaseName=table.database, TableName=table.name)
        return [
            (list(raw["Values"]), raw.get("StorageDescriptor", {}).get("Location", ""))
            for page in pages
            for raw in page["Partitions"]
        ]

    def put(self, database: str, table_input: dict[str, Any], *, replace: bool = False) -> None:
        """Register a table."""
        call = self._glue.update_table if replace else self._glue.create_table
        call(DatabaseName=database, TableInput=table_input)  # type: ignore[arg-type]

    def change(self, table: GlueTable, columns: Mapping[str, str], parameters: Mapping[str, str]) -> None:
        """Change a table's columns, and add to its parameters."""
        kept = {
            key: table.raw[key]
            for key in ("Name", "Description", "Owner", "PartitionKeys", "TableType")
            if table.raw.get(key) is not None
        }
        descriptor = {**table.raw.get("StorageDescriptor", {})}
        former = {column["Name"].lower(): column for column in descriptor.get("Columns", [])}
        descriptor["Columns"] = [
            {**former.get(column["Name"], {}), **column} for column in glue_columns(columns, iceberg=table.is_iceberg)
        ]
        told = {**table.parameters, **parameters}
        self.put(table.database, {**kept, "StorageDescriptor": descriptor, "Parameters": told}, replace=True)

    def drop(self, database: str, name: str) -> None:
        """Forget a table."""
        self._glue.delete_table(DatabaseName=database, Name=name)


def view_text(query: str, database: str, columns: tuple[tuple[str, str], ...]) -> str:
    """Write what Glue keeps of a view."""
    told = {
        "originalSql": query,
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": name, "type": kind} for name, kind in columns],
    }
    return f"{_VIEW_HEAD}{base64.b64encode(json.dumps(told).encode()).decode()} */"


def glue_columns(
    columns: Mapping[str, str], comments: Mapping[str, str] | None = None, *, iceberg: bool = False
) -> list[dict[str, Any]]:
    """Write columns as Glue takes them; those of an Iceberg table say which field they are."""
    told = comments or {}
    return [
        {
            "Name": name,
            "Type": to_glue(kind),
            **({"Comment": told[name]} if name in told else {}),
            **({"Parameters": _field(place)} if iceberg else {}),
        }
        for place, (name, kind) in enumerate(columns.items(), start=1)
    ]


def _field(place: int) -> dict[str, str]:
    return {"iceberg.field.current": "true", "iceberg.field.id": str(place), "iceberg.field.optional": "true"}


def _table(database: str, raw: dict[str, Any]) -> GlueTable:
    descriptor = raw.get("StorageDescriptor") or {}
    iceberg = str((raw.get("Parameters") or {}).get("table_type", "")).upper() == "ICEBERG"

    def typed(columns: list[dict[str, str]]) -> dict[str, str]:
        return {column["Name"].lower(): from_glue(column["Type"], iceberg=iceberg) for column in columns}

    return GlueTable(
        database=database,
        name=str(raw["Name"]).lower(),
        columns=typed(descriptor.get("Columns") or []),
        partition_keys=typed(raw.get("PartitionKeys") or []),
        location=str(descriptor.get("Location") or ""),
        raw=raw,
    )
