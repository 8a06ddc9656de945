"""A staged batch, as the relations that the landing queries read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.domain.landing import Source
from usagelake.engines.staging import NO_FAULT, names_folder
from usagelake.engines.text_literal import text_literal
from usagelake.engines.working_schema import OBJECT_COLUMNS, landing_relation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import duckdb

    from usagelake.engines.staging import Staged

_READER = (
    "delim = '\x01', quote = '', escape = '', comment = '', header = false, auto_detect = false, "
    "strict_mode = false, max_line_size = 8388608, hive_partitioning = false"
)
"""One text line is one row. A line is at most 1 MiB, and at most 6 MiB once it is written as a JSON string."""


def show(connection: duckdb.DuckDBPyConnection, staged: Staged, root: str | None) -> None:
    """Make `batch_objects` and the landing relations show a staged batch.

    Args:
        connection: Where.
        staged: The batch.
        root: What stands before an object's key in its file's path, when files are read where they lie.
    """
    load(
        connection,
        "batch_objects",
        {"number": "bigint", **OBJECT_COLUMNS},
        staged.rows,
        staged.folder,
    )
    for source in Source:
        parts = []
        if staged.files[source]:
            assert root is not None
            parts.append(
                f"SELECT substr(filename, {len(root) + 1}) AS object_key, line, NULL::VARCHAR AS fault "
                f"FROM read_csv({_paths(staged.files[source])}, columns = {{'line': 'VARCHAR'}}, "
                f"filename = true, {_READER})"
            )
        if source in staged.chunks:
            parts.append(
                "SELECT o.object_key, CASE WHEN c.mark IS NULL THEN c.line ELSE json_extract_string(c.line, '$') "
                f"END AS line, nullif(c.mark, {text_literal(NO_FAULT)}) AS fault "
                f"FROM read_csv({_paths([staged.chunks[source]])}, "
                f"columns = {{'number': 'BIGINT', 'mark': 'VARCHAR', 'line': 'VARCHAR'}}, {_READER}) AS c "
                "INNER JOIN batch_objects AS o ON c.number = o.number"
            )
        body = " UNION ALL ".join(parts) or (
            "SELECT NULL::VARCHAR AS object_key, NULL::VARCHAR AS line, NULL::VARCHAR AS fault WHERE false"
        )
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {landing_relation(source)} AS {body}")


def load(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    rows: Sequence[tuple[object, ...]],
    folder: Path,
) -> None:
    """Make a temporary table of some rows, by way of a file: row by row would cost a thousand times more.

    Values are written as text; None becomes NULL. A text may hold anything but NUL.
    """
    path = folder / f"{table}.rows"
    with names_folder(folder), path.open("w", encoding="utf-8", newline="") as file:
        for row in rows:
            file.write("\x01".join(_field(value) for value in row) + "\n")
    spec = ", ".join(f"{text_literal(name)}: {text_literal(str(kind).upper())}" for name, kind in columns.items())
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM read_csv({_paths([path])}, columns = {{{spec}}}, "
        "delim = '\x01', quote = '\"', escape = '\"', comment = '', header = false, auto_detect = false, "
        "max_line_size = 8388608, parallel = false, nullstr = '', allow_quoted_nulls = false, new_line = '\\n', "
        "hive_partitioning = false)"
    )
    path.unlink()


def _field(value: object) -> str:
    if value is None:
        return ""
    return '"' + str(value).replace('"', '""') + '"'


def _paths(paths: Sequence[Path]) -> str:
    return "[" + ", ".join(text_literal(str(path)) for path in paths) + "]"
