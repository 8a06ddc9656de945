"""GROUP BY: what an expression is grouped by, and which expressions that makes usable.

Source: https://trino.io/docs/current/sql/select.html#group-by-clause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect.aggregates import unwrap
from usagelake.engines.dialect.functions import Call, aggregates, carries
from usagelake.engines.dialect.refusal import RefusalError, refuse
from usagelake.engines.dialect.sql_types import BIGINT
from usagelake.engines.dialect.typed import Typed, call

if TYPE_CHECKING:
    from usagelake.engines.dialect.context import Context
    from usagelake.engines.dialect.functions import TypesExpressions
    from usagelake.engines.dialect.scope import Scope


def grouping_key(node: exp.Expr, scope: Scope) -> str:
    """Write an expression so that two that mean the same are the same text."""
    tree = node.copy()
    while isinstance(tree, exp.Paren):
        tree = tree.this
    for column in list(tree.find_all(exp.Column)):
        if column.find_ancestor(exp.Query) is not None:
            continue
        try:
            relation, _ = scope.resolve(column)
        except RefusalError:
            continue
        resolved = exp.column(column.name.lower(), table=relation.alias)
        if column is tree:
            return resolved.sql("trino")
        column.replace(resolved)
    for function in tree.find_all(exp.Anonymous):
        function.set("this", function.name.lower())
    return tree.sql("trino", comments=False)


def carry_keys(
    compiler: TypesExpressions, holder: exp.Expr, expressions: list[exp.Expr], keys: set[str], context: Context
) -> None:
    """Carry the expressions of GROUP BY, or of one of its grouping sets."""
    carried: list[exp.Expr] = []
    for written in holder.expressions:
        if isinstance(written, (exp.Cube, exp.Rollup, exp.GroupingSets, exp.Tuple)):
            carry_keys(compiler, written, expressions, keys, context)
            carried.append(written)
        else:
            carried.append(_key(compiler, written, expressions, keys, context))
    holder.set("expressions", carried)


def _key(
    compiler: TypesExpressions, written: exp.Expr, expressions: list[exp.Expr], keys: set[str], context: Context
) -> exp.Expr:
    meant = written.unnest()
    if isinstance(written, exp.Literal) and not written.is_string:
        place = int(written.name) if written.name.isdigit() else 0
        if not 1 <= place <= len(expressions):
            raise refuse(written, f"GROUP BY {written.name}: there are {len(expressions)} columns")
        meant = expressions[place - 1].unalias()
    value = compiler.typed(meant, context)
    if value.type.name == "json":
        raise refuse(written, "json values are not grouped: read a scalar out of them")
    keys.add(grouping_key(meant, context.scope))
    return value.node


def aggregates_in(place: exp.Expr) -> bool:
    """Whether an aggregate of this very query stands in an expression."""
    known = aggregates()
    inner = {id(call.node) for window in place.find_all(exp.Window) if (call := unwrap(window)) is not None}
    return any(
        call.name.lower() in known and id(call) not in inner and _own(call, place)
        for call in place.find_all(exp.Anonymous)
    )


def _own(node: exp.Expr, place: exp.Expr) -> bool:
    """Whether a node belongs to the expression itself, not to a query inside it."""
    current: exp.Expr | None = node
    while current is not None and current is not place:
        if isinstance(current, (exp.Select, exp.SetOperation)):
            return False
        current = current.parent
    return True


@carries("grouping")
def _grouping(site: Call) -> Typed:
    if site.context.keys is None:
        raise site.refuse("grouping() needs GROUP BY")
    inside = site.context.inside_aggregate()
    nodes = [site.compiler.typed(each, inside).node for each in site.written]
    return Typed(call("grouping", *nodes), BIGINT)
