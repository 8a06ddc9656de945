"""The lake's tables as Iceberg tables, written once from the domain's schema for every engine that keeps them.

They are not partitioned. A batch may hold events of any day of any year, and both Trino and Athena refuse a statement
that writes to more than 100 partitions; the statistics that Iceberg keeps of each file let an engine skip what is
outside a window as well. Where an engine can, a file's rows are sorted by the table's time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.domain.schema import ColumnType
from usagelake.engines.text_literal import text_literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usagelake.domain.schema import Table

_TRINO: Mapping[ColumnType, str] = {ColumnType.TIMESTAMP: "timestamp(6)"}
_ATHENA: Mapping[ColumnType, str] = {ColumnType.VARCHAR: "string", ColumnType.INTEGER: "int"}


def trino_type(kind: ColumnType) -> str:
    """Spell a column's type as Trino's Iceberg connector shows it.

    Example:
        >>> trino_type(ColumnType.TIMESTAMP)
        'timestamp(6)'
    """
    return _TRINO.get(kind, str(kind))


def trino_table(table: Table) -> str:
    """Write Trino's DDL of a table, to be run in the lake's catalog and schema."""
    columns = ", ".join(
        f"{column.name} {trino_type(column.type)}"
        + ("" if column.nullable else " NOT NULL")
        + f" COMMENT {text_literal(column.doc)}"
        for column in table.columns
    )
    options = ["format = 'PARQUET'"]
    if table.day_of is not None:
        options.append(f"sorted_by = ARRAY[{text_literal(table.day_of)}]")
    comment = text_literal(table.doc)
    return f"CREATE TABLE IF NOT EXISTS {table.name} ({columns}) COMMENT {comment} WITH ({', '.join(options)})"


def athena_type(kind: ColumnType) -> str:
    """Spell a column's type as Athena's DDL and Glue do.

    Example:
        >>> athena_type(ColumnType.VARCHAR), athena_type(ColumnType.WHOLE_NUMBER)
        ('string', 'decimal(38,0)')
    """
    return _ATHENA.get(kind, str(kind))


def athena_table(table: Table, *, database: str, location: str) -> str:
    """Write Athena's DDL of a table. Athena's Iceberg tables know no NOT NULL and no order.

    Args:
        table: The table.
        database: The Glue database.
        location: The S3 prefix of the database's tables, without a `/` at its end.
    """
    columns = ", ".join(
        f"`{column.name}` {athena_type(column.type)} COMMENT {text_literal(column.doc)}" for column in table.columns
    )
    return (
        f"CREATE TABLE IF NOT EXISTS `{database}`.`{table.name}` ({columns}) "
        f"LOCATION {text_literal(f'{location}/{table.name}/')} "
        "TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet')"
    )
