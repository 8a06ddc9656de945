"""Carrying a query: FROM, then WHERE, GROUP BY, the columns, ORDER BY, each seeing what Athena lets it see.

Source: https://trino.io/docs/current/sql/select.html. What DuckDB forgives and Athena does not is refused: an
alias in WHERE, GROUP BY or HAVING, a column that is not grouped, `SELECT * EXCLUDE`, DISTINCT ON and more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect.aggregates import window_parts
from usagelake.engines.dialect.compiler import Compiler
from usagelake.engines.dialect.context import Context
from usagelake.engines.dialect.grouping import aggregates_in, carry_keys
from usagelake.engines.dialect.ordering import directed
from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.relations import Relations
from usagelake.engines.dialect.results import carry_limit, carry_order, column_of, named, place_of
from usagelake.engines.dialect.scope import Column, Scope, quoted, renamed_columns, table_alias
from usagelake.engines.dialect.sql_types import UNKNOWN, common
from usagelake.engines.dialect.typed import number
from usagelake.engines.dialect.whole import only

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from usagelake.engines.dialect.sql_types import Type

_SELECT_ARGS = {
    "with_", "expressions", "from_", "joins", "where", "group", "having", "windows", "order", "limit",
    "offset", "distinct", "kind",
}  # fmt: skip
_SET_ARGS = {"with_", "this", "expression", "distinct", "order", "limit", "offset"}


class Queries:
    """Carries queries, in place.

    Args:
        schema: The tables' and views' columns with their types.
        params: The parameters that are not bound yet.
    """

    def __init__(self, schema: Mapping[str, Sequence[Column]], params: Mapping[str, Type]) -> None:
        self.compiler = Compiler(self.subquery, params)
        self.relations = Relations(schema, self.compiler, self.carry)

    def subquery(self, node: exp.Expr, around: Scope) -> Sequence[Column]:
        """Carry a query inside an expression."""
        return self.carry(node, around, around.common)

    def carry(
        self, node: exp.Expr, parent: Scope | None, common_queries: Mapping[str, Sequence[Column]]
    ) -> Sequence[Column]:
        """Carry a query in place.

        Args:
            node: The query.
            parent: The scope of the query around it, if it may name that one's columns.
            common_queries: What the WITH clauses around have named.

        Returns:
            Its columns.

        Raises:
            RefusalError: Athena would refuse it, or it cannot be carried exactly.
        """
        scope = Scope(parent, dict(common_queries))
        if isinstance(node, exp.Select):
            return self._select(node, scope)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, scope)
        if isinstance(node, exp.Values):
            return self.relations.values(node, scope)
        if isinstance(node, exp.Subquery) and not node.args.get("alias"):
            only(node, {"this", "with_", "order", "limit", "offset"})
            if any(node.args.get(part) for part in ("with_", "order", "limit", "offset")):
                raise refuse(node, "write ORDER BY and LIMIT inside the parentheses")
            return self.carry(node.this, parent, common_queries)
        raise refuse(node, f"a query is expected, not {node.key.upper()}")

    def _with(self, node: exp.Expr, scope: Scope) -> None:
        clause = node.args.get("with_")
        if clause is None:
            return
        if clause.args.get("recursive"):
            raise refuse(clause, "WITH RECURSIVE is not carried")
        for query in clause.expressions:
            only(query, {"this", "alias"})
            columns = self.carry(query.this, None, scope.common)
            alias = query.args["alias"]
            name = alias.name.lower()
            renamed = renamed_columns(query, columns, alias)
            query.set("alias", table_alias(name, alias, renamed))
            scope.common[name] = renamed

    def _select(self, node: exp.Select, scope: Scope) -> Sequence[Column]:
        only(node, _SELECT_ARGS)
        distinct = node.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            raise refuse(node, "Athena has no DISTINCT ON: write row_number() OVER (…) = 1 in an outer query")
        if node.args.get("kind") is not None:
            raise refuse(node, "Athena has no SELECT AS STRUCT")
        if not node.expressions:
            raise refuse(node, "SELECT names no column")
        self._with(node, scope)
        self.relations.source(node, scope)
        self._filter(node, "where", Context(scope, "WHERE"))
        expressions = self._expanded(node, scope)
        context = self._grouped(node, scope, expressions)
        self._filter(node, "having", Context(scope, "HAVING", keys=context.keys, aggregates=True))
        for window in node.args.get("windows") or []:
            name = window.this.copy()
            parts = window_parts(self.compiler, window, context.inside_window())
            window.replace(exp.Window(this=name, **parts))
        carried = [self.compiler.typed(expression.unalias(), context) for expression in expressions]
        columns = [column_of(expression, value) for expression, value in zip(expressions, carried, strict=True)]
        carry_order(self.compiler, node, expressions, columns, context)
        carry_limit(self.compiler, node, scope)
        node.set("expressions", [named(value, column) for value, column in zip(carried, columns, strict=True)])
        self.relations.wrap(node, scope)
        return columns

    def _filter(self, node: exp.Select, clause: str, context: Context) -> None:
        written = node.args.get(clause)
        if written is not None:
            written.set("this", self.compiler.condition(written.this, context))

    def _expanded(self, node: exp.Select, scope: Scope) -> list[exp.Expr]:
        """Write out `*` and `t.*`."""
        found: list[exp.Expr] = []
        for expression in node.expressions:
            star = expression.this if isinstance(expression, exp.Column) else expression
            if not isinstance(star, exp.Star):
                found.append(expression)
                continue
            if any(star.args.get(name) for name in ("except_", "replace", "rename")):
                raise refuse(node, "Athena has no SELECT * EXCLUDE or REPLACE: name the columns")
            table = expression.table.lower() if isinstance(expression, exp.Column) else ""
            if not scope.relations or (table and table not in scope.relations):
                raise refuse(node, f"there is no relation {table or 'for *'}")
            for relation in scope.relations.values():
                if table in ("", relation.alias):
                    found.extend(_star(relation.alias, column, node) for column in relation.columns)
        return [expression for expression in found if expression.name or not isinstance(expression, exp.Column)]

    def _grouped(self, node: exp.Select, scope: Scope, expressions: list[exp.Expr]) -> Context:
        """Carry GROUP BY, and tell what may stand in the columns."""
        group = node.args.get("group")
        places = [*expressions, node.args.get("having"), node.args.get("order")]
        if group is None and not any(place is not None and aggregates_in(place) for place in places):
            if node.args.get("having") is not None:
                raise refuse(node.args["having"], "HAVING needs GROUP BY or an aggregate")
            return Context(scope, "SELECT", windows=True)
        keys: set[str] = set()
        if group is not None:
            only(group, {"expressions"})
            if not group.expressions:
                raise refuse(group, "GROUP BY names nothing")
            carry_keys(self.compiler, group, expressions, keys, Context(scope, "GROUP BY"))
        return Context(scope, "SELECT", keys=frozenset(keys), aggregates=True, windows=True)

    def _set_operation(self, node: exp.SetOperation, scope: Scope) -> Sequence[Column]:
        only(node, _SET_ARGS)
        self._with(node, scope)
        sides = [self.carry(side, scope.parent, scope.common) for side in (node.this, node.expression)]
        if len(sides[0]) != len(sides[1]):
            raise refuse(node, f"{node.key.upper()} of {len(sides[0])} and {len(sides[1])} columns")
        columns = []
        for place, (left, right) in enumerate(zip(*sides, strict=True), start=1):
            kind = common(left.type, right.type)
            if kind is None or not (UNKNOWN in (left.type, right.type) or _same_values(left.type, right.type)):
                raise refuse(
                    node, f"column {place} of {node.key.upper()} is {left.type} and {right.type}: cast one of them"
                )
            columns.append(Column(left.name, kind, left.label))
        order = node.args.get("order")
        if order is not None:
            items = []
            for item in order.expressions:
                written = item.this if isinstance(item, exp.Ordered) else item
                place_found = place_of(written, columns)
                if place_found is None:
                    raise refuse(written, f"after {node.key.upper()}, ORDER BY takes columns of the result only")
                items.append(directed(item, number(place_found)))
            node.set("order", exp.Order(expressions=items))
        carry_limit(self.compiler, node, scope)
        return columns


def _same_values(left: Type, right: Type) -> bool:
    times = {left.name, right.name} == {"timestamp"}
    return left == right or times or (left.is_integer and right.is_integer)


def _star(alias: str, column: Column, node: exp.Expr) -> exp.Expr:
    if column.hidden:
        return exp.column("")
    if column.name is None:
        raise refuse(node, "a column of the inner query has no name: name it with AS")
    star = exp.column(quoted(column.name), table=quoted(alias))
    star.meta["label"] = column.label
    return star
