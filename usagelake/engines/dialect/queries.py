"""Carrying a query: FROM, then WHERE, GROUP BY, the columns, ORDER BY, each seeing what Athena lets it see.

Source: https://trino.io/docs/current/sql/select.html. What DuckDB forgives and Athena does not is refused: an
alias in WHERE, GROUP BY or HAVING, a column that is not grouped, `SELECT * EXCLUDE`, DISTINCT ON and more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect.aggregates import unwrap, window_parts
from usagelake.engines.dialect.compiler import Compiler, grouping_key
from usagelake.engines.dialect.context import Context
from usagelake.engines.dialect.functions import aggregates
from usagelake.engines.dialect.ordering import directed
from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.relations import Relations, renamed_columns, table_alias
from usagelake.engines.dialect.scope import Column, Scope, quoted
from usagelake.engines.dialect.sql_types import UNKNOWN, common
from usagelake.engines.dialect.typed import Typed, as_type, number

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
        columns = [_column(expression, value.type) for expression, value in zip(expressions, carried, strict=True)]
        self._order(node, expressions, columns, context)
        _limit(node)
        node.set("expressions", [_named(value, column) for value, column in zip(carried, columns, strict=True)])
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
        if group is None and not any(place is not None and _aggregates_in(place) for place in places):
            if node.args.get("having") is not None:
                raise refuse(node.args["having"], "HAVING needs GROUP BY or an aggregate")
            return Context(scope, "SELECT", windows=True)
        keys: set[str] = set()
        if group is not None:
            only(group, {"expressions"})
            if not group.expressions:
                raise refuse(group, "GROUP BY names nothing")
            self._keys(group, expressions, keys, Context(scope, "GROUP BY"))
        return Context(scope, "SELECT", keys=frozenset(keys), aggregates=True, windows=True)

    def _keys(self, holder: exp.Expr, expressions: list[exp.Expr], keys: set[str], context: Context) -> None:
        """Carry the expressions of GROUP BY, or of one of its grouping sets."""
        carried: list[exp.Expr] = []
        for written in holder.expressions:
            if isinstance(written, (exp.Cube, exp.Rollup, exp.GroupingSets, exp.Tuple)):
                self._keys(written, expressions, keys, context)
                carried.append(written)
            else:
                carried.append(self._key(written, expressions, keys, context))
        holder.set("expressions", carried)

    def _key(self, written: exp.Expr, expressions: list[exp.Expr], keys: set[str], context: Context) -> exp.Expr:
        meant = written.unnest()
        if isinstance(written, exp.Literal) and not written.is_string:
            place = int(written.name) if written.name.isdigit() else 0
            if not 1 <= place <= len(expressions):
                raise refuse(written, f"GROUP BY {written.name}: there are {len(expressions)} columns")
            meant = expressions[place - 1].unalias()
        value = self.compiler.typed(meant, context)
        if value.type.name == "json":
            raise refuse(written, "json values are not grouped: read a scalar out of them")
        keys.add(grouping_key(meant, context.scope))
        return value.node

    def _order(self, node: exp.Select, expressions: list[exp.Expr], columns: list[Column], context: Context) -> None:
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
            place = _place(written, columns)
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
                value = self.compiler.typed(meant, context)
                _orderable(written, value.type)
                items.append(directed(item, value.node))
        node.set("order", exp.Order(expressions=items))

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
                place_found = _place(written, columns)
                if place_found is None:
                    raise refuse(written, f"after {node.key.upper()}, ORDER BY takes columns of the result only")
                items.append(directed(item, number(place_found)))
            node.set("order", exp.Order(expressions=items))
        _limit(node)
        return columns


def only(node: exp.Expr, allowed: set[str]) -> None:
    """Refuse a part of the tree that has more to it than is carried."""
    for name, value in node.args.items():
        if value and name not in allowed:
            part = value[0] if isinstance(value, list) else value
            shown = part.sql("trino") if isinstance(part, exp.Expr) else name.strip("_").upper()
            raise refuse(part if isinstance(part, exp.Expr) else node, f"`{shown}` is not carried here")


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


def _column(expression: exp.Expr, kind: Type) -> Column:
    if isinstance(expression, exp.Alias):
        return Column(expression.alias.lower(), kind, expression.alias)
    if isinstance(expression, exp.Column):
        return Column(expression.name.lower(), kind, expression.meta.get("label") or expression.name)
    return Column(None, kind)


def _named(value: Typed, column: Column) -> exp.Expr:
    """Write a column of the result; a bare NULL is a text, so that it has a type."""
    node = as_type(value.node, value.type) if value.type == UNKNOWN else value.node
    if column.name is None:
        return node
    return exp.alias_(node, column.name, quoted=True, copy=False)


def _place(written: exp.Expr, columns: Sequence[Column]) -> int | None:
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
        place = _place(column, columns)
        if place is not None:
            column.replace(exp.paren(expressions[place - 1].unalias().copy()))
    return tree


def _orderable(node: exp.Expr, kind: Type) -> None:
    if kind.name == "json":
        raise refuse(node, "Athena cannot order by json")


def _limit(node: exp.Expr) -> None:
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
        elif not isinstance(amount, exp.Placeholder):
            raise refuse(clause, f"{name.upper()} takes an integer written out")


def _aggregates_in(place: exp.Expr) -> bool:
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
