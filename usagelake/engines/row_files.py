"""Rows of an engine that is elsewhere, written to a local file by the DuckDB that comes with the package."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from usagelake.engines.duckdb.connection import WRITE_AS, engine_errors
from usagelake.engines.text_literal import text_literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_READER = (
    "columns = {'line': 'VARCHAR'}, delim = '\x01', quote = '', escape = '', comment = '', header = false, "
    "auto_detect = false, strict_mode = false, max_line_size = 16777216, hive_partitioning = false, "
    "parallel = false, new_line = '\\n'"
)


@contextmanager
def working_connection(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB that holds nothing.

    Args:
        folder: Where it spills what does not fit into memory.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "512MB",
        "temp_directory": str(folder),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(config=config) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET preserve_insertion_order = true")
        yield connection


def write_rows(
    path: Path,
    file_format: str,
    columns: Sequence[tuple[str, str]],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Write rows to a local file, one at a time: they need not fit into memory.

    Args:
        path: The file.
        file_format: `parquet`, `csv` or `ndjson`.
        columns: Each column's name and type, as Athena or Trino spell it.
        rows: The rows, of Python values.

    Raises:
        EngineError: The file cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="usagelake-") as name, engine_errors(f"writing {path}"):
        folder = Path(name)
        lines = folder / "rows"
        with lines.open("w", encoding="utf-8", newline="") as file:
            for row in rows:
                file.write(json.dumps([_field(value) for value in row], ensure_ascii=False) + "\n")
        fields = ", ".join(
            f"CAST(json_extract_string(line, '$[{number}]') AS {_duckdb_type(kind)}) AS {_quoted(column)}"
            for number, (column, kind) in enumerate(columns)
        )
        with working_connection(folder) as connection:
            connection.execute(
                f"COPY (SELECT {fields} FROM read_csv({text_literal(str(lines))}, {_READER})) "
                f"TO {text_literal(str(path.absolute()))} ({WRITE_AS[file_format]})"
            )


def join_parts(
    path: Path, file_format: str, columns: Sequence[tuple[str, str]], parts: Sequence[Path], *, place: str
) -> None:
    """Write the rows of Parquet files to one local file, in order.

    Args:
        path: The file.
        file_format: `parquet`, `csv` or `ndjson`.
        columns: Each column's name and type, as Athena or Trino spell it; in the parts they are `c0`, `c1` and so on,
            and may be texts.
        parts: The Parquet files, one at least.
        place: The parts' column that tells a row's place.

    Raises:
        EngineError: The file cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="usagelake-") as name, engine_errors(f"writing {path}"):
        fields = ", ".join(
            f"CAST(c{number} AS {_duckdb_type(kind)}) AS {_quoted(column)}"
            for number, (column, kind) in enumerate(columns)
        )
        sources = ", ".join(text_literal(str(part)) for part in parts)
        with working_connection(Path(name)) as connection:
            connection.execute(
                f"COPY (SELECT {fields} FROM read_parquet([{sources}]) ORDER BY {place}) "
                f"TO {text_literal(str(path.absolute()))} ({WRITE_AS[file_format]})"
            )


def _field(value: object) -> str | None:
    return None if value is None else str(value)


def _duckdb_type(kind: str) -> str:
    """Spell a scalar type for DuckDB, whose timestamps have six digits; what it has no word for stays text."""
    plain, _, _ = kind.partition("(")
    if plain == "timestamp":
        return "TIMESTAMPTZ" if "zone" in kind else "TIMESTAMP"
    if plain == "decimal":
        return kind
    known = {"boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "date"}
    return plain.upper() if plain in known else "VARCHAR"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
