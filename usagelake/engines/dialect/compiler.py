"""Carrying an expression of Athena's to DuckDB, typed on the way.

Every class of the tree that may occur has a method here; any other is refused. What a name means is asked of
the scope, what a function means of the allow-list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sqlglot import exp

from usagelake.engines.dialect import aggregates, arrays, casts, conditionals, operators, predicates, times
from usagelake.engines.dialect.functions import Call, lookup, scalar
from usagelake.engines.dialect.grouping import grouping_key
from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.sql_types import BOOLEAN, DATE, UNKNOWN, Type, instant, timestamp
from usagelake.engines.dialect.typed import Typed, as_type, build, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from usagelake.engines.dialect.context import Context
    from usagelake.engines.dialect.scope import Column, Scope

    CarryQuery = Callable[[exp.Expr, Scope], Sequence[Column]]


class Compiler:
    """Carries expressions.

    Args:
        carry_query: Carries a query inside an expression, in place, and tells its columns.
        params: The parameters that are not bound yet, with their types.
    """

    def __init__(self, carry_query: CarryQuery, params: Mapping[str, Type]) -> None:
        self._carry_query = carry_query
        self._params = params

    def typed(self, node: exp.Expr, context: Context) -> Typed:
        """Carry one expression.

        Args:
            node: It, as it is written.
            context: Where it stands.

        Returns:
            The DuckDB expression and its Athena type.

        Raises:
            RefusalError: Athena would refuse it, or it cannot be carried exactly.
        """
        if context.keys is not None and grouping_key(node, context.scope) in context.keys:
            context = context.inside_aggregate()
        method = self._METHODS.get(type(node))
        if method is None:
            raise refuse(node, f"`{node.sql('trino')}` is not carried")
        return method(self, node, context)

    def condition(self, node: exp.Expr, context: Context) -> exp.Expr:
        """Carry a condition."""
        return operators.condition(node, self.typed(node, context), context.clause)

    def _column(self, node: exp.Column, context: Context) -> Typed:
        name = node.name.lower()
        if not node.table and name in context.names:
            found, kind = context.names[name]
            return Typed(found.copy(), kind)
        relation, column = context.scope.resolve(node)
        local = context.scope.relations.get(relation.alias) is relation
        if context.keys is not None and local:
            raise refuse(node, f"column {node.name} must stand in GROUP BY or in an aggregate")
        return Typed(relation.node(name), column.type, column.is_json)

    def _identifier(self, node: exp.Identifier, context: Context) -> Typed:
        name = str(node.this).lower()
        if name not in context.names:
            raise refuse(node, f"`{node.this}` is not carried")
        found, kind = context.names[name]
        return Typed(found.copy(), kind)

    def _placeholder(self, node: exp.Placeholder, _: Context) -> Typed:
        name = str(node.this or "")
        if name not in self._params:
            raise refuse(node, f"parameter :{name} has no value")
        kind = self._params[name]
        return Typed(as_type(exp.Placeholder(this=name), kind), kind)

    def _literal(self, node: exp.Literal, _: Context) -> Typed:
        return operators.literal(node)

    def _boolean(self, node: exp.Boolean, _: Context) -> Typed:
        return Typed(node.copy(), BOOLEAN)

    def _null(self, node: exp.Null, _: Context) -> Typed:
        return Typed(node.copy(), UNKNOWN)

    def _paren(self, node: exp.Paren, context: Context) -> Typed:
        value = self.typed(node.this, context)
        return Typed(wrapped(value.node), value.type)

    def _neg(self, node: exp.Neg, context: Context) -> Typed:
        return operators.negative(node, self.typed(node.this, context))

    def _pair(self, node: exp.Binary, context: Context) -> tuple[Typed, Typed]:
        return self.typed(node.this, context), self.typed(node.expression, context)

    def _arithmetic(self, node: exp.Binary, context: Context) -> Typed:
        return operators.arithmetic(node, *self._pair(node, context))

    def _dpipe(self, node: exp.DPipe, context: Context) -> Typed:
        return operators.joined(node, *self._pair(node, context))

    def _exists(self, node: exp.Exists, context: Context) -> Typed:
        inner = self.subquery(node.this, context)
        return Typed(exp.Exists(this=inner.this), BOOLEAN)

    def _subquery(self, node: exp.Subquery, context: Context) -> Typed:
        inner = self.subquery(node, context)
        return Typed(inner, self.single(node, inner).type)

    def subquery(self, node: exp.Expr, context: Context) -> exp.Subquery:
        """Carry a query inside an expression; its columns are kept with it."""
        copied = node.copy()
        body = copied.this if isinstance(copied, exp.Subquery) else copied
        while isinstance(body, exp.Subquery) and not body.args.get("alias"):
            body = body.this
        columns = self._carry_query(body, context.scope)
        inner = exp.Subquery(this=body)
        inner.meta["columns"] = columns
        return inner

    @staticmethod
    def single(node: exp.Expr, inner: exp.Subquery) -> Column:
        """The column of a query that must give one."""
        columns: Sequence[Column] = inner.meta["columns"]
        if len(columns) != 1:
            raise refuse(node, f"the query must give one column, not {len(columns)}")
        return columns[0]

    def _cast(self, node: exp.Cast, context: Context) -> Typed:
        if node.args.get("format") is not None:
            raise refuse(node, "Athena's CAST has no FORMAT")
        return casts.carry_cast(node, self.typed(node.this, context))

    def _interval(self, node: exp.Interval, _: Context) -> Typed:
        return operators.interval(node)

    def _extract(self, node: exp.Extract, context: Context) -> Typed:
        field = node.this.name.lower()
        if field not in times.EXTRACTED:
            raise refuse(node, f"EXTRACT has no field {field} that is carried")
        written = exp.Anonymous(this=field, expressions=[node.expression.copy()])
        written.meta.update(node.expression.meta)
        return self._anonymous(written, context)

    def _at_time_zone(self, node: exp.AtTimeZone, context: Context) -> Typed:
        return times.at_utc(node, self.typed(node.this, context), node.args["zone"].name)

    def _array(self, node: exp.Array, context: Context) -> Typed:
        values = [self.typed(each, context) for each in node.expressions]
        return arrays.literal(values, operators.meet(node, values, "mix the types in ARRAY[…]"))

    def _bracket(self, node: exp.Bracket, context: Context) -> Typed:
        value = self.typed(node.this, context)
        if value.type.name != "array" or len(node.expressions) != 1:
            raise refuse(node, f"{value.type} has no subscript")
        index = self.typed(node.expressions[0], context)
        if not index.type.is_integer:
            raise refuse(node, "a subscript is an integer")
        return arrays.subscript(value, index)

    def _current_date(self, _: exp.CurrentDate, __: Context) -> Typed:
        return Typed(build("CAST(CAST(now() AS TIMESTAMP) AS DATE)"), DATE)

    def _current_timestamp(self, node: exp.CurrentTimestamp, _: Context) -> Typed:
        if node.args.get("this") is not None:
            raise refuse(node, "current_timestamp takes no precision here")
        return Typed(build("date_trunc('millisecond', CAST(now() AS TIMESTAMP))"), instant())

    def _localtimestamp(self, _: exp.Expr, __: Context) -> Typed:
        return Typed(build("date_trunc('millisecond', CAST(now() AS TIMESTAMP))"), timestamp())

    def _anonymous(self, node: exp.Anonymous, context: Context) -> Typed:
        function = lookup(node)
        if function.kind != "scalar":
            return self._aggregate(node, context)
        return scalar(Call(self, node, context), function)

    def _aggregate(self, node: exp.Expr, context: Context) -> Typed:
        found = aggregates.unwrap(node)
        if found is None:
            raise refuse(node, f"`{node.sql('trino')}` is not carried")
        return aggregates.carry_aggregate(self, found, context)

    _METHODS: ClassVar[dict[type[exp.Expr], Callable[..., Typed]]] = {
        exp.Column: _column,
        exp.Identifier: _identifier,
        exp.Placeholder: _placeholder,
        exp.Literal: _literal,
        exp.Boolean: _boolean,
        exp.Null: _null,
        exp.Paren: _paren,
        exp.Neg: _neg,
        **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), _arithmetic),
        **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), predicates.comparison_),
        **dict.fromkeys((exp.NullSafeEQ, exp.NullSafeNEQ), predicates.comparison_),
        exp.DPipe: _dpipe,
        exp.And: predicates.connector_,
        exp.Or: predicates.connector_,
        exp.Not: predicates.not_,
        exp.Is: predicates.is_,
        exp.In: predicates.in_,
        exp.Between: predicates.between_,
        exp.Like: predicates.like_,
        exp.Escape: predicates.escape_,
        exp.Exists: _exists,
        exp.Subquery: _subquery,
        exp.Case: conditionals.case_,
        exp.If: conditionals.if_,
        exp.Cast: _cast,
        exp.TryCast: _cast,
        exp.Interval: _interval,
        exp.Extract: _extract,
        exp.AtTimeZone: _at_time_zone,
        exp.Array: _array,
        exp.Bracket: _bracket,
        exp.CurrentDate: _current_date,
        exp.CurrentTimestamp: _current_timestamp,
        exp.Localtimestamp: _localtimestamp,
        exp.Anonymous: _anonymous,
        **dict.fromkeys((exp.Window, exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls), _aggregate),
    }
