"""An expression that has been carried to DuckDB, with the type that it has in Athena."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.parsers.duckdb import DuckDBParser

from usagelake.engines.dialect.sql_types import UNKNOWN, VARCHAR, Type

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import ClassVar

_DUCKDB_NAMES = {
    "json": "TEXT",
    "varchar": "TEXT",
    "varbinary": "BLOB",
    "real": "FLOAT",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMP",
    "interval day to second": "INTERVAL",
    "interval year to month": "INTERVAL",
    "unknown": "INTEGER",
}


class _TemplateParser(DuckDBParser):
    """DuckDB's parser, with calls kept as they are written."""

    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: DuckDBParser.FUNCTION_PARSERS[name] for name in ("CAST", "TRY_CAST")
    }


class _Template(DuckDB):
    Parser = _TemplateParser


@dataclass(frozen=True, slots=True)
class Typed:
    """A DuckDB expression and its Athena type.

    Args:
        node: The expression, for DuckDB.
        type: What it is in Athena.
        is_json: Whether it is a text that is valid JSON, or NULL, for certain.
    """

    node: exp.Expr
    type: Type
    is_json: bool = False


@cache
def _parsed(template: str) -> exp.Expr:
    select = _Template().parse(f"SELECT {template}")[0]
    assert isinstance(select, exp.Select)
    found = select.expressions[0]
    assert isinstance(found, exp.Expr)
    for bracket in found.find_all(exp.Bracket):
        bracket.set("offset", 1)  # a subscript is written as it stands in the template
    return found.pop()


def build(template: str, *arguments: exp.Expr) -> exp.Expr:
    """Write a DuckDB expression from a template of ours and carried arguments.

    Example:
        >>> build("strpos(_1, _2)", exp.Literal.string("a"), exp.Literal.string("b")).sql("duckdb")
        "STRPOS('a', 'b')"
    """
    tree = exp.paren(_parsed(template).copy(), copy=False)
    for column in list(tree.find_all(exp.Column)):
        name = column.name
        if name.startswith("_") and name[1:].isdigit():
            column.replace(wrapped(arguments[int(name[1:]) - 1].copy()))
    inner = tree.this
    assert isinstance(inner, exp.Expr)
    return inner.pop()


def wrapped(node: exp.Expr) -> exp.Expr:
    """Put parentheses around an operator, so that it can stand anywhere."""
    needs = isinstance(node, (exp.Binary, exp.Unary, exp.Between, exp.In, exp.Lambda)) and not isinstance(
        node, (exp.Paren, exp.Dot)
    )
    return exp.paren(node, copy=False) if needs else node


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """Write a DuckDB function call."""
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def string(text: str) -> exp.Expr:
    """Write a DuckDB text."""
    return exp.Literal.string(text)


def number(value: int) -> exp.Expr:
    """Write a DuckDB integer."""
    return exp.Literal.number(value)


@cache
def duckdb_type(kind: Type) -> exp.DataType:
    """The DuckDB type that holds the values of an Athena type."""
    if kind.name == "array":
        text = duckdb_type(kind.element).sql("duckdb") + "[]"
    elif kind.name == "decimal":
        text = f"DECIMAL({kind.precision}, {kind.scale})"
    else:
        text = _DUCKDB_NAMES.get(kind.name, kind.name.upper())
    return exp.DataType.build(text, dialect="duckdb")


def as_type(node: exp.Expr, kind: Type) -> exp.Expr:
    """Write CAST(node AS …), whatever sqlglot would think of it."""
    return exp.Cast(this=node, to=duckdb_type(kind).copy())


def try_as_type(node: exp.Expr, kind: Type) -> exp.Expr:
    """Write TRY_CAST(node AS …)."""
    return exp.TryCast(this=node, to=duckdb_type(kind).copy())


def coerce(value: Typed, target: Type) -> exp.Expr:
    """Convert as Athena does without being asked; the caller has checked that it does.

    Every time is a TIMESTAMP here, whatever its precision, so only a date needs a cast to become one.
    """
    kind = value.type
    same = duckdb_type(kind) == duckdb_type(target)
    if same and kind != UNKNOWN:
        return value.node
    if kind.is_integer and target.is_integer and isinstance(value.node, exp.Literal):
        return as_type(value.node, target)
    if kind == UNKNOWN and target in (UNKNOWN, VARCHAR):
        return value.node
    return as_type(value.node, target)


def coerce_all(values: Sequence[Typed], target: Type) -> list[exp.Expr]:
    """Convert several values to one type."""
    return [coerce(value, target) for value in values]
