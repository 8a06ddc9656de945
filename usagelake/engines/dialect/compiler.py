"""Carrying an expression of Athena's to DuckDB, typed on the way.

Every class of the tree that may occur has a method here; any other is refused. What a name means is asked of
the scope, what a function means of the allow-list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sqlglot import exp

from usagelake.engines.dialect import aggregates, arrays, casts, operators, times
from usagelake.engines.dialect.functions import Call, lookup, scalar
from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.sql_types import BIGINT, BOOLEAN, DATE, UNKNOWN, Type, instant, timestamp
from usagelake.engines.dialect.typed import Typed, as_type, build, call, coerce, coerce_all, wrapped

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
        return Typed(relation.node(name), column.type)

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

    def _comparison(self, node: exp.Binary, context: Context) -> Typed:
        if isinstance(node.expression, (exp.Any, exp.All)):
            raise refuse(node, "a comparison with ANY or ALL is not carried: write EXISTS or IN")
        return operators.comparison(node, *self._pair(node, context))

    def _dpipe(self, node: exp.DPipe, context: Context) -> Typed:
        return operators.joined(node, *self._pair(node, context))

    def _connector(self, node: exp.Connector, context: Context) -> Typed:
        name = "AND" if isinstance(node, exp.And) else "OR"
        sides = [operators.condition(side, self.typed(side, context), name) for side in (node.this, node.expression)]
        return Typed(type(node)(this=sides[0], expression=sides[1]), BOOLEAN)

    def _not(self, node: exp.Not, context: Context) -> Typed:
        inner = operators.condition(node.this, self.typed(node.this, context), "NOT")
        return Typed(exp.Not(this=wrapped(inner)), BOOLEAN)

    def _is(self, node: exp.Is, context: Context) -> Typed:
        if not isinstance(node.expression, exp.Null):
            raise refuse(node, "Athena's IS takes NULL and NOT NULL")
        value = self.typed(node.this, context)
        return Typed(exp.Is(this=wrapped(value.node), expression=exp.null()), BOOLEAN)

    def _in(self, node: exp.In, context: Context) -> Typed:
        value = self.typed(node.this, context)
        query = node.args.get("query")
        if node.args.get("unnest") is not None or node.args.get("field") is not None:
            raise refuse(node, "IN takes a list in parentheses or a query")
        if query is not None:
            inner = self._query(query, context)
            column = self._single(query, inner)
            kind = operators.meet(node, [value, Typed(exp.null(), column.type)], "compare the columns of IN")
            if kind != column.type and not (kind.is_integer and column.type.is_integer):
                raise refuse(node, f"IN compares {value.type} with {column.type}: cast inside the query")
            return Typed(exp.In(this=wrapped(coerce(value, kind)), query=inner), BOOLEAN)
        values = [self.typed(each, context) for each in node.expressions]
        if len(values) == 1 and isinstance(node.expressions[0], exp.Placeholder) and values[0].type.name == "array":
            operators.meet(node, [value, Typed(exp.null(), values[0].type.element)], "compare what stands in IN")
            return Typed(call("athena_in_list", value.node, values[0].node), BOOLEAN)
        kind = operators.meet(node, [value, *values], "compare what stands in IN")
        nodes = [wrapped(each) for each in coerce_all([value, *values], kind)]
        return Typed(exp.In(this=nodes[0], expressions=nodes[1:]), BOOLEAN)

    def _between(self, node: exp.Between, context: Context) -> Typed:
        if node.args.get("symmetric"):
            raise refuse(node, "Athena has no BETWEEN SYMMETRIC")
        parts = [self.typed(node.args[name], context) for name in ("this", "low", "high")]
        kind = operators.meet(node, parts, "compare what stands in BETWEEN")
        nodes = [wrapped(each) for each in coerce_all(parts, kind)]
        return Typed(exp.Between(this=nodes[0], low=nodes[1], high=nodes[2]), BOOLEAN)

    def _like(self, node: exp.Like, context: Context) -> Typed:
        return operators.like(node, *self._pair(node, context), None)

    def _escape(self, node: exp.Escape, context: Context) -> Typed:
        if not isinstance(node.this, exp.Like):
            raise refuse(node, "ESCAPE stands after LIKE")
        return operators.like(node, *self._pair(node.this, context), self.typed(node.expression, context))

    def _exists(self, node: exp.Exists, context: Context) -> Typed:
        inner = self._query(node.this, context)
        return Typed(exp.Exists(this=inner.this), BOOLEAN)

    def _subquery(self, node: exp.Subquery, context: Context) -> Typed:
        inner = self._query(node, context)
        return Typed(inner, self._single(node, inner).type)

    def _query(self, node: exp.Expr, context: Context) -> exp.Subquery:
        copied = node.copy()
        body = copied.this if isinstance(copied, exp.Subquery) else copied
        while isinstance(body, exp.Subquery) and not body.args.get("alias"):
            body = body.this
        columns = self._carry_query(body, context.scope)
        inner = exp.Subquery(this=body)
        inner.meta["columns"] = columns
        return inner

    @staticmethod
    def _single(node: exp.Expr, inner: exp.Subquery) -> Column:
        columns: Sequence[Column] = inner.meta["columns"]
        if len(columns) != 1:
            raise refuse(node, f"the query must give one column, not {len(columns)}")
        return columns[0]

    def _case(self, node: exp.Case, context: Context) -> Typed:
        subject = node.this
        branches = []
        for branch in node.args["ifs"]:
            test = branch.this if subject is None else exp.EQ(this=subject.copy(), expression=branch.this.copy())
            branches.append((self.condition(test, context), self.typed(branch.args["true"], context.on_demand())))
        default = node.args.get("default")
        return self._branches(node, branches, None if default is None else self.typed(default, context.on_demand()))

    def _if(self, node: exp.If, context: Context) -> Typed:
        branch = (self.condition(node.this, context), self.typed(node.args["true"], context.on_demand()))
        otherwise = node.args.get("false")
        default = None if otherwise is None else self.typed(otherwise, context.on_demand())
        return self._branches(node, [branch], default)

    @staticmethod
    def _branches(node: exp.Expr, branches: list[tuple[exp.Expr, Typed]], default: Typed | None) -> Typed:
        values = [value for _, value in branches] + ([] if default is None else [default])
        kind = operators.meet(node, values, "mix " + ", ".join(str(value.type) for value in values))
        ifs = [exp.If(this=test, true=coerce(value, kind)) for test, value in branches]
        return Typed(exp.Case(ifs=ifs, default=None if default is None else coerce(default, kind)), kind)

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
        if node.name.lower() in ("coalesce", "nullif", "grouping", "if"):
            return self._special(node, context)
        function = lookup(node)
        if function.kind != "scalar":
            return self._aggregate(node, context)
        return scalar(Call(self, node, context), function)

    def _special(self, node: exp.Anonymous, context: Context) -> Typed:
        name = node.name.lower()
        if name == "grouping":
            if context.keys is None:
                raise refuse(node, "grouping() needs GROUP BY")
            inside = context.inside_aggregate()
            return Typed(call("grouping", *(self.typed(each, inside).node for each in node.expressions)), BIGINT)
        values = [self.typed(each, context) for each in node.expressions]
        if name == "nullif":
            if len(values) != 2:  # noqa: PLR2004
                raise refuse(node, "nullif takes two values")
            kind = operators.meet(node, values, f"compare {values[0].type} with {values[1].type}")
            nodes = coerce_all(values, kind)
            if kind == values[0].type:
                return Typed(call("nullif", *nodes), kind)
            return Typed(build("CASE WHEN _1 = _2 THEN NULL ELSE _3 END", *nodes, values[0].node), values[0].type)
        if len(values) < 2:  # noqa: PLR2004
            raise refuse(node, "coalesce takes two values or more")
        kind = operators.meet(node, values, "mix " + ", ".join(str(value.type) for value in values))
        return Typed(call("coalesce", *coerce_all(values, kind)), kind)

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
        **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _comparison),
        **dict.fromkeys((exp.NullSafeEQ, exp.NullSafeNEQ), _comparison),
        exp.DPipe: _dpipe,
        exp.And: _connector,
        exp.Or: _connector,
        exp.Not: _not,
        exp.Is: _is,
        exp.In: _in,
        exp.Between: _between,
        exp.Like: _like,
        exp.Escape: _escape,
        exp.Exists: _exists,
        exp.Subquery: _subquery,
        exp.Case: _case,
        exp.If: _if,
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
        except Exception:  # noqa: BLE001, S112
            continue
        resolved = exp.column(column.name.lower(), table=relation.alias)
        if column is tree:
            return resolved.sql("trino")
        column.replace(resolved)
    for function in tree.find_all(exp.Anonymous):
        function.set("this", function.name.lower())
    return tree.sql("trino", comments=False)
