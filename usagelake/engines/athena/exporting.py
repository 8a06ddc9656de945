"""Results that are too large to be brought page by page: written to S3 by UNLOAD, and read from there in order.

UNLOAD keeps no order. So each row is given its place by a window over the query's own ORDER BY, and the local file is
written by place. That is the query's order exactly when each of its keys is one of its own columns; any other query is
brought page by page, which Athena keeps in order.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from usagelake.engines import row_files
from usagelake.engines.dialect import to_athena
from usagelake.engines.text_literal import text_literal
from usagelake.storage import open_location

if TYPE_CHECKING:
    from collections.abc import Sequence

PLACE: Final = "place"

_PLAIN: Final = frozenset({"boolean", "integer", "bigint", "double", "varchar", "decimal"})
_AS_TEXT: Final = frozenset({"date", "timestamp", "tinyint", "smallint", "real", "char", "unknown"})
_NAMELESS: Final = re.compile(r"_col\d+")


def unloading(tree: exp.Expression, columns: Sequence[tuple[str, str]], location: str) -> str | None:
    """Write the UNLOAD of a query.

    Args:
        tree: The query; it is not changed.
        columns: Its columns' names and types.
        location: Where the files go.

    Returns:
        The statement, whose files have the columns `c0`, `c1`, … and `place`; None when the query's order could not
        be kept, or a column has no name or a type that does not go through a file.
    """
    names = [name.lower() for name, _ in columns]
    kinds = [kind.partition("(")[0] for _, kind in columns]
    if len(set(names)) < len(names) or any(_NAMELESS.fullmatch(name) for name in names):
        return None
    if not all(kind in _PLAIN or kind in _AS_TEXT for kind in kinds) or any("zone" in kind for _, kind in columns):
        return None
    query = tree.copy()
    keys = _keys(query, names)
    if keys is None:
        return None
    if query.args.get("limit") is None and query.args.get("offset") is None:
        query.set("order", None)
    selected = [_written(number, name, kind) for number, (name, kind) in enumerate(zip(names, kinds, strict=True))]
    window = exp.Window(this=exp.RowNumber(), order=exp.Order(expressions=keys) if keys else None)
    whole = exp.select(*selected, exp.alias_(window, PLACE)).from_(
        exp.Subquery(this=query, alias=exp.TableAlias(this=exp.to_identifier("q")))
    )
    return (
        f"UNLOAD ({to_athena(whole)}) TO {text_literal(f'{location}/')} WITH (format = 'PARQUET', compression = 'ZSTD')"
    )


def write(location: str, path: Path, file_format: str, columns: Sequence[tuple[str, str]]) -> None:
    """Write what UNLOAD has left into a local file, in the query's order.

    Raises:
        StorageError: It cannot be read.
        EngineError: The file cannot be written.
    """
    store = open_location(location)
    with tempfile.TemporaryDirectory(prefix="usagelake-") as name:
        parts = []
        for number, info in enumerate(sorted(store.list(), key=lambda info: info.key)):
            part = Path(name) / f"{number}.parquet"
            with part.open("wb") as file:
                for chunk in store.read(info.key):
                    file.write(chunk)
            parts.append(part)
        if parts:
            row_files.join_parts(path, file_format, columns, parts, place=PLACE)
        else:
            row_files.write_rows(path, file_format, columns, [])


def _keys(query: exp.Expression, names: Sequence[str]) -> list[exp.Expr] | None:
    """Give the keys of a query's ORDER BY as columns of its result; None when one is none."""
    order = query.args.get("order")
    found: list[exp.Expr] = []
    for ordered in () if order is None else order.expressions:
        key = ordered.this
        if isinstance(key, exp.Column) and not key.table and key.name.lower() in names:
            name = key.name.lower()
        elif isinstance(key, exp.Literal) and key.is_int and 0 < int(key.name) <= len(names):
            name = names[int(key.name) - 1]
        else:
            return None
        copied = ordered.copy()
        copied.set("this", exp.column(name, table="q", quoted=True))
        found.append(copied)
    return found


def _written(number: int, name: str, kind: str) -> exp.Expr:
    column: exp.Expr = exp.column(name, table="q", quoted=True)
    if kind in _AS_TEXT:
        column = exp.cast(column, "varchar", dialect="trino")
    return exp.alias_(column, f"c{number}")
