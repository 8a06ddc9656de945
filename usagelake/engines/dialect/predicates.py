"""Predicates: comparisons, AND, OR, NOT, IS NULL, IN, BETWEEN, LIKE.

Source: https://trino.io/docs/current/functions/comparison.html and `logical.html`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect import operators
from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.sql_types import BOOLEAN
from usagelake.engines.dialect.typed import Typed, call, coerce, coerce_all, wrapped

if TYPE_CHECKING:
    from usagelake.engines.dialect.compiler import Compiler
    from usagelake.engines.dialect.context import Context


def comparison_(compiler: Compiler, node: exp.Binary, context: Context) -> Typed:
    """Carry `=`, `<>`, `<` and their kin."""
    if isinstance(node.expression, (exp.Any, exp.All)):
        raise refuse(node, "a comparison with ANY or ALL is not carried: write EXISTS or IN")
    return operators.comparison(node, *_pair(compiler, node, context))


def connector_(compiler: Compiler, node: exp.Connector, context: Context) -> Typed:
    """Carry AND and OR."""
    name = "AND" if isinstance(node, exp.And) else "OR"
    sides = [operators.condition(side, compiler.typed(side, context), name) for side in (node.this, node.expression)]
    return Typed(type(node)(this=sides[0], expression=sides[1]), BOOLEAN)


def not_(compiler: Compiler, node: exp.Not, context: Context) -> Typed:
    """Carry NOT."""
    inner = operators.condition(node.this, compiler.typed(node.this, context), "NOT")
    return Typed(exp.Not(this=wrapped(inner)), BOOLEAN)


def is_(compiler: Compiler, node: exp.Is, context: Context) -> Typed:
    """Carry IS NULL."""
    if not isinstance(node.expression, exp.Null):
        raise refuse(node, "Athena's IS takes NULL and NOT NULL")
    value = compiler.typed(node.this, context)
    return Typed(exp.Is(this=wrapped(value.node), expression=exp.null()), BOOLEAN)


def in_(compiler: Compiler, node: exp.In, context: Context) -> Typed:
    """Carry IN, with a list or with a query."""
    value = compiler.typed(node.this, context)
    query = node.args.get("query")
    if node.args.get("unnest") is not None or node.args.get("field") is not None:
        raise refuse(node, "IN takes a list in parentheses or a query")
    if query is not None:
        inner = compiler.subquery(query, context)
        column = compiler.single(query, inner)
        kind = operators.meet(node, [value, Typed(exp.null(), column.type)], "compare the columns of IN")
        if kind != column.type and not (kind.is_integer and column.type.is_integer):
            raise refuse(node, f"IN compares {value.type} with {column.type}: cast inside the query")
        return Typed(exp.In(this=wrapped(coerce(value, kind)), query=inner), BOOLEAN)
    values = [compiler.typed(each, context) for each in node.expressions]
    if len(values) == 1 and isinstance(node.expressions[0], exp.Placeholder) and values[0].type.name == "array":
        operators.meet(node, [value, Typed(exp.null(), values[0].type.element)], "compare what stands in IN")
        return Typed(call("athena_in_list", value.node, values[0].node), BOOLEAN)
    kind = operators.meet(node, [value, *values], "compare what stands in IN")
    nodes = [wrapped(each) for each in coerce_all([value, *values], kind)]
    return Typed(exp.In(this=nodes[0], expressions=nodes[1:]), BOOLEAN)


def between_(compiler: Compiler, node: exp.Between, context: Context) -> Typed:
    """Carry BETWEEN."""
    if node.args.get("symmetric"):
        raise refuse(node, "Athena has no BETWEEN SYMMETRIC")
    parts = [compiler.typed(node.args[name], context) for name in ("this", "low", "high")]
    kind = operators.meet(node, parts, "compare what stands in BETWEEN")
    nodes = [wrapped(each) for each in coerce_all(parts, kind)]
    return Typed(exp.Between(this=nodes[0], low=nodes[1], high=nodes[2]), BOOLEAN)


def like_(compiler: Compiler, node: exp.Like, context: Context) -> Typed:
    """Carry LIKE."""
    return operators.like(node, *_pair(compiler, node, context), None)


def escape_(compiler: Compiler, node: exp.Escape, context: Context) -> Typed:
    """Carry LIKE … ESCAPE."""
    if not isinstance(node.this, exp.Like):
        raise refuse(node, "ESCAPE stands after LIKE")
    return operators.like(node, *_pair(compiler, node.this, context), compiler.typed(node.expression, context))


def _pair(compiler: Compiler, node: exp.Binary, context: Context) -> tuple[Typed, Typed]:
    return compiler.typed(node.this, context), compiler.typed(node.expression, context)
