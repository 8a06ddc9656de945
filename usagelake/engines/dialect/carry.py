"""The front of the dialect: check a statement, and write it for an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from sqlglot import ErrorLevel, exp
from sqlglot.errors import UnsupportedError

# The allow-list is filled by the themes.
from usagelake.engines.dialect import aggregates, arrays, conditionals, grouping, json_values, numeric, texts, times
from usagelake.engines.dialect.grammar import Athena
from usagelake.engines.dialect.refusal import RefusalError, refuse
from usagelake.engines.dialect.scope import Column
from usagelake.engines.dialect.sql_types import parse_type
from usagelake.engines.dialect.statements import Statements, labels

if TYPE_CHECKING:
    from collections.abc import Sequence

_THEMES = (aggregates, arrays, conditionals, grouping, json_values, numeric, texts, times)

Schema: TypeAlias = Mapping[str, Mapping[str, str]]
"""Table or view → column → Athena type, all in lower case: `{"api_requests": {"status": "integer"}}`.

`timestamp` is what an Iceberg column holds, six digits. A column whose name begins with `$` is hidden from
`SELECT *`.
"""


@dataclass(frozen=True, slots=True)
class Carried:
    """A statement for DuckDB.

    Args:
        sql: The statement.
        columns: A query's columns: the name that Athena shows, and the Athena type.
    """

    sql: str
    columns: tuple[tuple[str, str], ...]


def carry(
    tree: exp.Expr,
    schema: Schema,
    *,
    params: Mapping[str, str] | None = None,
    origin: str | None = None,
) -> Carried:
    """Check a statement as Athena would, and write it for DuckDB.

    Args:
        tree: The statement, from `parse_statement`; it is not changed.
        schema: The tables and views that it may name.
        params: The types of parameters that have no value yet: DuckDB takes them by name (`$start`) when the
            statement is run. An array stands in `IN (:names)` alone.
        origin: The file it comes from, for messages.

    Returns:
        The DuckDB statement and its columns.

    Raises:
        RefusalError: Athena would refuse it, or it cannot be carried exactly. It is a ConfigurationError.

    Example:
        >>> from usagelake.engines.dialect import parse_statement
        >>> carry(parse_statement("SELECT 7 / 2"), {})
        Carried(sql='SELECT 7 // 2 AS "_col0"', columns=(('_col0', 'integer'),))
    """
    try:
        tables = {
            name.lower(): [Column(column.lower(), parse_type(kind), column) for column, kind in columns.items()]
            for name, columns in schema.items()
        }
        types = {name: parse_type(kind) for name, kind in (params or {}).items()}
        node, columns = Statements(tables, types).carry(tree)
    except RefusalError as refusal:
        raise refusal.within(origin) from None
    names: Sequence[str] = labels(columns)
    found = tuple((name, str(column.type)) for name, column in zip(names, columns, strict=True))
    return Carried(_written(node, origin), found)


def _written(node: exp.Expr, origin: str | None) -> str:
    """Write DuckDB's text; what its generator would leave out is refused."""
    try:
        return str(node.sql("duckdb", comments=False, unsupported_level=ErrorLevel.RAISE))
    except UnsupportedError as error:
        raise RefusalError(str(error), origin=origin) from None


def check(
    tree: exp.Expr,
    schema: Schema,
    *,
    params: Mapping[str, str] | None = None,
    origin: str | None = None,
) -> tuple[tuple[str, str], ...]:
    """Refuse what Athena would refuse, before anything runs.

    Returns:
        A query's columns: name and Athena type; none for another statement.

    Raises:
        RefusalError: See `carry`.

    Example:
        >>> from usagelake.engines.dialect import parse_statement
        >>> check(parse_statement("SELECT n + 1 AS m FROM t"), {"t": {"n": "bigint"}})
        (('m', 'bigint'),)
    """
    return carry(tree, schema, params=params, origin=origin).columns


def to_duckdb(tree: exp.Expr, schema: Schema, *, origin: str | None = None) -> str:
    """Write a statement for DuckDB; see `carry`."""
    return carry(tree, schema, origin=origin).sql


def to_athena(tree: exp.Expr) -> str:
    """Write a statement, with the values that have been bound, as Athena and Trino run it.

    Example:
        >>> from usagelake.engines.dialect import parse_statement
        >>> to_athena(parse_statement("select count(*) from t -- all"))
        'SELECT COUNT(*) FROM t'
    """
    return tree.sql(Athena, comments=False)


def check_read_only(tree: exp.Expr) -> None:
    """Refuse a statement that is no query.

    Raises:
        RefusalError: It would change something.

    Example:
        >>> from usagelake.engines.dialect import parse_statement
        >>> check_read_only(parse_statement("DELETE FROM t"))
        Traceback (most recent call last):
        usagelake.engines.dialect.refusal.RefusalError: line 1: DELETE changes the lake: only a query may run here
    """
    if not isinstance(tree, (exp.Query, exp.Values)):
        raise refuse(tree, f"{tree.key.upper()} changes the lake: only a query may run here")
