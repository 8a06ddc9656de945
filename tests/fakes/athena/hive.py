r"""External tables as Hive reads them: text by LazySimpleSerDe, and Parquet, fetched from S3 when they are asked for.

TextInputFormat ends a line at `\n`, `\r` and `\r\n`; bytes that are no UTF-8 become U+FFFD. A value that is not of its
column's type is NULL.
"""

from __future__ import annotations

import bz2
import gzip
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tests.fakes.athena.errors import StatementError
from tests.fakes.athena.partitions import parts_of
from tests.fakes.athena.types import to_duckdb
from usagelake.engines.text_literal import text_literal

if TYPE_CHECKING:
    import duckdb

    from tests.fakes.athena.catalog import Catalog, GlueTable
    from tests.fakes.athena.objects import Objects

PATH = "$path"
_LINE_END = re.compile(r"\r\n|\n|\r")
_CASTS = {
    "varchar": "{0}",
    "boolean": "CASE lower({0}) WHEN 'true' THEN true WHEN 'false' THEN false END",
    "tinyint": "CASE WHEN regexp_full_match({0}, '[+-]?[0-9]+') THEN TRY_CAST({0} AS TINYINT) END",
    "smallint": "CASE WHEN regexp_full_match({0}, '[+-]?[0-9]+') THEN TRY_CAST({0} AS SMALLINT) END",
    "integer": "CASE WHEN regexp_full_match({0}, '[+-]?[0-9]+') THEN TRY_CAST({0} AS INTEGER) END",
    "bigint": "CASE WHEN regexp_full_match({0}, '[+-]?[0-9]+') THEN TRY_CAST({0} AS BIGINT) END",
    "timestamp(3)": "athena_round_timestamp_3(TRY_CAST({0} AS TIMESTAMP))",
}


def columns_of(table: GlueTable) -> dict[str, str]:
    """Give the columns that a query sees, the hidden one among them."""
    return {**table.columns, **table.partition_keys, PATH: "varchar"}


def show(session: duckdb.DuckDBPyConnection, name: str, table: GlueTable, objects: Objects, catalog: Catalog) -> int:
    """Read a table's objects into a temporary table of a session.

    Args:
        session: The DuckDB session.
        name: What to call it there.
        table: The table.
        objects: Where its objects are.
        catalog: Where its partitions are.

    Returns:
        The bytes that were read.

    Raises:
        StatementError: It cannot be read.
    """
    if not table.location and not table.partition_keys:
        raise StatementError(f"HIVE_INVALID_METADATA: Table location not set: {table.database}.{table.name}")
    columns = ", ".join(f'"{column}" {to_duckdb(kind)}' for column, kind in columns_of(table).items())
    session.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" ({columns})')
    descriptor = table.raw.get("StorageDescriptor") or {}
    library = str((descriptor.get("SerdeInfo") or {}).get("SerializationLibrary", ""))
    scanned = 0
    for part in parts_of(table, objects, catalog):
        scanned += sum(size for _, _, size in part.objects)
        if "parquet" in library.lower():
            _load_parquet(session, name, table, part.objects, part.values, objects)
        elif "LazySimpleSerDe" in library:
            _load_text(session, name, table, part.objects, part.values, objects)
        else:
            raise StatementError(f"HIVE_UNSUPPORTED_FORMAT: this server reads no {library or 'table without a SerDe'}")
    return scanned


def _load_text(
    session: duckdb.DuckDBPyConnection,
    name: str,
    table: GlueTable,
    listed: list[tuple[str, str, int]],
    values: list[str],
    objects: Objects,
) -> None:
    serde = (table.raw["StorageDescriptor"].get("SerdeInfo") or {}).get("Parameters") or {}
    delimiter = serde.get("field.delim") or _delimiter(serde.get("serialization.format", "1"))
    null = serde.get("serialization.null.format", "\\N")
    skipped = int(table.parameters.get("skip.header.line.count", "0"))
    fields: list[list[pa.Array]] = [[] for _ in table.columns]
    paths: list[pa.Array] = []
    for bucket, key, _ in listed:
        lines = _lines(_inflated(key, objects.read(bucket, key)))[skipped:]
        paths.append(pa.array([f"s3://{bucket}/{key}"] * len(lines), pa.string()))
        for place, column in enumerate(_fields(lines, delimiter, len(fields))):
            if null in column:
                column = [None if value == null else value for value in column]  # noqa: PLW2901
            fields[place].append(pa.array(column, pa.string()))
    data = {f"c{place}": pa.chunked_array(chunks, pa.string()) for place, chunks in enumerate(fields)}
    data[PATH] = pa.chunked_array(paths, pa.string())
    selected = [_CASTS.get(kind, f"TRY_CAST({{0}} AS {to_duckdb(kind)})") for kind in table.columns.values()]
    casts = [cast.format(f'"c{place}"') for place, cast in enumerate(selected)]
    _insert(session, name, pa.table(data), [*casts, *_keys(table, values), f'"{PATH}"'])


def _load_parquet(
    session: duckdb.DuckDBPyConnection,
    name: str,
    table: GlueTable,
    listed: list[tuple[str, str, int]],
    values: list[str],
    objects: Objects,
) -> None:
    with tempfile.TemporaryDirectory(prefix="athena-") as folder:
        for number, (bucket, key, _) in enumerate(listed):
            file = Path(folder) / f"{number}.parquet"
            file.write_bytes(objects.read(bucket, key))
            read = f"read_parquet({text_literal(str(file))})"
            there = {
                str(row[0]).lower(): str(row[0]) for row in session.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()
            }
            casts = [
                _parquet_cast(there[column], kind) if column in there else "NULL"
                for column, kind in table.columns.items()
            ]
            selected = ", ".join([*casts, *_keys(table, values), text_literal(f"s3://{bucket}/{key}")])
            session.execute(f'INSERT INTO "{name}" SELECT {selected} FROM {read}')


def _parquet_cast(column: str, kind: str) -> str:
    quoted = '"' + column.replace('"', '""') + '"'
    if kind == "timestamp(3)":
        return f"athena_round_timestamp_3(CAST({quoted} AS TIMESTAMP))"
    return f"CAST({quoted} AS {to_duckdb(kind)})"


def _keys(table: GlueTable, values: list[str]) -> list[str]:
    kinds = table.partition_keys.values()
    return [f"CAST({text_literal(value)} AS {to_duckdb(kind)})" for value, kind in zip(values, kinds, strict=True)]


def _insert(session: duckdb.DuckDBPyConnection, name: str, data: pa.Table, selected: list[str]) -> None:
    session.register("athena_text", data)
    session.execute(f'INSERT INTO "{name}" SELECT {", ".join(selected)} FROM athena_text')
    session.unregister("athena_text")


def _inflated(key: str, body: bytes) -> bytes:
    """Hadoop chooses the codec by the key's end."""
    try:
        if key.endswith(".gz"):
            return gzip.decompress(body)
        return bz2.decompress(body) if key.endswith(".bz2") else body
    except (OSError, EOFError) as error:
        raise StatementError(f"HIVE_CURSOR_ERROR: Failed to read file: {key}: {error}") from None


def _lines(body: bytes) -> list[str]:
    text = body.decode("utf-8", errors="replace")
    lines = _LINE_END.split(text) if "\r" in text else text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    return lines


def _fields(lines: list[str], delimiter: str, width: int) -> list[list[str | None]]:
    """Cut lines into columns: what a line lacks is NULL, what it has beyond them is nobody's."""
    lacking: list[str | None] = [None] * width
    split = [[*line.split(delimiter, width)[:width], *lacking] for line in lines]
    return [[parts[place] for parts in split] for place in range(width)]


def _delimiter(code: str) -> str:
    return chr(int(code)) if code.isdigit() else code
