"""A result's columns, their order and their number: names, ORDER BY, LIMIT.

Source: https://trino.io/docs/current/sql/select.html#order-by-clause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect.context import Context
from usagelake.engines.dialect.grouping import grouping_key
from usagelake.engines.dialect.ordering import directed
from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.scope import Column
from usagelake.engines.dialect.sql_types import UNKNOWN
from usagelake.engines.dialect.typed import Typed, as_type, number
from usagelake.engines.dialect.whole import only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usagelake.engines.dialect.functions import TypesExpressions
    from usagelake.engines.dialect.scope import Scope
    from usagelake.engines.dialect.sql_types import Type


def column_of(expression: exp.Expr, value: Typed) -> Column:
    """Name a column of the result as Athena does."""
    if isinstance(expression, exp.Alias):
        return Column(expression.alias.lower(), value.type, expression.alias, value.is_json)
    if isinstance(expression, exp.Column):
        label = expression.meta.get("label") or expression.name
        return Column(expression.name.lower(), value.type, label, value.is_json)
    return Column(None, value.type)


def named(value: Typed, column: Column) -> exp.Expr:
    """Write a column of the result; a bare NULL is a text, so that it has a type."""
    node = as_type(value.node, value.type) if value.type == UNKNOWN else value.node
    if column.name is None:
        return node
    return exp.alias_(node, column.name, quoted=True, copy=False)


def place_of(written: exp.Expr, columns: Sequence[Column]) -> int | None:
    """The place of the result's column that an item of ORDER BY names."""
    if isinstance(written, exp.Literal) and not written.is_string:
        place = int(written.name) if written.name.isdigit() else 0
        if not 1 <= place <= len(columns):
            raise refuse(written, f"ORDER BY {written.name}: there are {len(columns)} columns")
        return place
    if isinstance(written, exp.Column) and not written.table:
        places = [place for place, column in enumerate(columns, 1) if column.name == written.name.lower()]
        if len(places) > 1:
            raise refuse(written, f"ORDER BY {written.name}: two columns have that name")
        return places[0] if places else None
    return None


def _without_aliases(written: exp.Expr, expressions: list[exp.Expr], columns: Sequence[Column]) -> exp.Expr:
    """Put the result's columns in the place of their aliases, which come before the tables' columns."""
    tree = written.copy()
    tree.set("parent", None)
    for column in list(tree.find_all(exp.Column)):
        if column.table or column.find_ancestor(exp.Query) is not None:
            continue
        place = place_of(column, columns)
        if place is not None:
            column.replace(exp.paren(expressions[place - 1].unalias().copy()))
    return tree


def _orderable(node: exp.Expr, kind: Type) -> None:
    if kind.name == "json":
        raise refuse(node, "Athena cannot order by json")


def carry_limit(compiler: TypesExpressions, node: exp.Expr, scope: Scope) -> None:
    """Check LIMIT, OFFSET and FETCH FIRST: integers written out."""
    for name in ("limit", "offset"):
        clause = node.args.get(name)
        if clause is None:
            continue
        if isinstance(clause, exp.Fetch):
            if clause.args.get("limit_options") is not None and clause.args["limit_options"].args.get("with_ties"):
                raise refuse(clause, "FETCH FIRST … WITH TIES is not carried")
            count = clause.args.get("count")
            node.set(name, exp.Limit(expression=count.copy() if count is not None else number(1)))
            continue
        amount = clause.expression
        if isinstance(amount, exp.Cast):
            amount = amount.this
        if isinstance(amount, exp.Literal) and amount.name.isdigit():
            clause.set("expression", number(int(amount.name)))
        elif isinstance(amount, exp.Placeholder):
            compiler.typed(amount, Context(scope, name.upper()))
        else:
            raise refuse(clause, f"{name.upper()} takes an integer written out")


def carry_order(
    compiler: TypesExpressions, node: exp.Select, expressions: list[exp.Expr], columns: list[Column], context: Context
) -> None:
    """Carry ORDER BY: a result's column by its place, anything else as an expression."""
    order = node.args.get("order")
    if order is None:
        return
    only(order, {"expressions"})
    if not order.expressions:
        raise refuse(order, "ORDER BY names nothing")
    distinct = node.args.get("distinct") is not None
    keys = [grouping_key(expression.unalias(), context.scope) for expression in expressions]
    items = []
    for item in order.expressions:
        written = item.this if isinstance(item, exp.Ordered) else item
        place = place_of(written, columns)
        if place is None:
            meant = _without_aliases(written, expressions, columns)
            key = grouping_key(meant, context.scope)
            place = keys.index(key) + 1 if key in keys else None
            if place is None and distinct:
                raise refuse(written, "with DISTINCT, ORDER BY takes columns of the result only")
        if place is not None:
            _orderable(written, columns[place - 1].type)
            items.append(directed(item, number(place)))
        else:
            value = compiler.typed(meant, context)
            _orderable(written, value.type)
            items.append(directed(item, value.node))
    node.set("order", exp.Order(expressions=items))
