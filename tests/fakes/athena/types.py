"""A column's type in four tongues: the dialect's, Glue's, DuckDB's and that of a result's metadata."""

from __future__ import annotations

import re

from tests.fakes.athena.errors import StatementError
from usagelake.engines.dialect.sql_types import parse_type
from usagelake.engines.dialect.typed import duckdb_type

_TO_GLUE = {"varchar": "string", "integer": "int", "real": "float", "varbinary": "binary"}
_FROM_GLUE = {glue: ours for ours, glue in _TO_GLUE.items()}
_NOT_IN_ICEBERG = ("tinyint", "smallint", "json", "unknown", "interval")
_RESULT_NAMES = {"real": "float", "unknown": "unknown"}
_PRECISIONS = {
    "tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "float": 17, "double": 17,
    "varchar": 2147483647, "varbinary": 1073741824, "timestamp": 3, "timestamp with time zone": 3,
}  # fmt: skip


def from_glue(kind: str, *, iceberg: bool) -> str:
    """Give the dialect's type: a timestamp has six digits in Iceberg and three in Hive."""
    word = re.sub(r"\s+", "", kind.lower())
    if word == "timestamp":
        return "timestamp(6)" if iceberg else "timestamp(3)"
    if word.startswith(("varchar", "char")):
        return "varchar"
    if word.startswith("array<"):
        return f"array({from_glue(word[6:-1], iceberg=iceberg)})"
    return _FROM_GLUE.get(word, word)


def to_glue(kind: str) -> str:
    """Give Glue's type for one of the dialect."""
    word = kind.lower()
    if word.startswith("timestamp"):
        return "timestamp"
    if word.startswith("array("):
        return f"array<{to_glue(word[6:-1])}>"
    return _TO_GLUE.get(word, word.replace(" ", ""))


def to_duckdb(kind: str) -> str:
    """Give DuckDB's type for one of the dialect."""
    return duckdb_type(parse_type(kind)).sql("duckdb")


def column_info(name: str, kind: str) -> dict[str, object]:
    """Describe a result's column as GetQueryResults does, where any timestamp has the precision 3."""
    word = kind.lower()
    base = re.sub(r"\(.*?\)", "", word).strip()
    base = _RESULT_NAMES.get(base, base)
    precision, scale = _PRECISIONS.get(base, 0), 0
    digits = re.fullmatch(r"decimal\((\d+), ?(\d+)\)", word)
    if digits:
        precision, scale = int(digits[1]), int(digits[2])
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": base,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": base == "varchar",
    }


def refuse_for_iceberg(columns: tuple[tuple[str, str], ...]) -> None:
    """Refuse a column that no Iceberg table of Athena holds.

    Raises:
        StatementError: In Athena's words.
    """
    for name, kind in columns:
        fraction = re.match(r"timestamp\((\d+)\)", kind)
        if fraction and fraction[1] != "6":
            zone = " with time zone" if kind.endswith("zone") else ""
            raise StatementError(
                f"NOT_SUPPORTED: Timestamp precision ({fraction[1]}){zone} not supported for Iceberg. "
                f'Use "timestamp(6){zone}" instead.'
            )
        if kind == "unknown":
            raise StatementError(f"COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown at position {name}")
        if kind.startswith(_NOT_IN_ICEBERG):
            raise StatementError(f"NOT_SUPPORTED: Type not supported for Iceberg: {kind}")


def refuse_for_hive(columns: tuple[tuple[str, str], ...]) -> None:
    """Refuse a column that Athena writes into no Hive table and unloads to no object.

    Raises:
        StatementError: In Athena's words.
    """
    for name, kind in columns:
        fraction = re.match(r"timestamp\((\d+)\)", kind)
        if kind.endswith("time zone"):
            raise StatementError(f"NOT_SUPPORTED: Unsupported Hive type: {kind}")
        if fraction and fraction[1] != "3":
            raise StatementError(
                f"NOT_SUPPORTED: Incorrect timestamp precision for {kind}; the configured precision is MILLISECONDS; "
                f"column name: {name}"
            )
        if kind == "unknown":
            raise StatementError(f"COLUMN_TYPE_UNKNOWN: line 1:1: Column type is unknown at position {name}")
        if kind == "json":
            raise StatementError("NOT_SUPPORTED: Unsupported Hive type: json")
