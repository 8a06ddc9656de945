"""Aggregates and window functions: https://trino.io/docs/current/functions/aggregate.html and `window.html`.

`approx_percentile` is carried as the exact percentile, and `approx_distinct` as DuckDB's own estimate: both
are for analysts, never for money.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect.functions import Function, choose, declare, lookup, write
from usagelake.engines.dialect.ordering import ordered
from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.sql_types import BIGINT, BOOLEAN
from usagelake.engines.dialect.typed import Typed, as_type

if TYPE_CHECKING:
    from usagelake.engines.dialect.context import Context
    from usagelake.engines.dialect.functions import TypesExpressions
    from usagelake.engines.dialect.sql_types import Type

declare(
    """
    count(t) -> bigint
    count_if(boolean) -> bigint := count(CASE WHEN _1 THEN 1 END)
    sum(bigint) -> bigint
    sum(double) -> double
    sum(decimal(p, s)) -> decimal(38, s)
    avg(double) -> double
    min(t) -> t
    max(t) -> t
    min_by(t, k) -> t := arg_min_null(_1, _2)
    max_by(t, k) -> t := arg_max_null(_1, _2)
    arbitrary(t) -> t := any_value(_1)
    any_value(t) -> t
    bool_and(boolean) -> boolean
    bool_or(boolean) -> boolean
    every(boolean) -> boolean := bool_and(_1)
    array_agg(t) -> array(t) := list(_1)
    approx_distinct(t) -> bigint := approx_count_distinct(_1)
    approx_percentile(bigint, double) -> bigint := quantile_disc(_1, _2)
    approx_percentile(double, double) -> double := quantile_disc(_1, _2)
    approx_percentile(bigint, array(double)) -> array(bigint) := quantile_disc(_1, _2)
    approx_percentile(double, array(double)) -> array(double) := quantile_disc(_1, _2)
    stddev(double) -> double := stddev_samp(_1)
    stddev_samp(double) -> double
    stddev_pop(double) -> double
    variance(double) -> double := var_samp(_1)
    var_samp(double) -> double
    var_pop(double) -> double
    corr(double, double) -> double
    listagg(varchar) -> varchar := string_agg(_1, '')
    listagg(varchar, varchar) -> varchar := string_agg(_1, _2)
    """,
    kind="aggregate",
)
declare(
    """
    row_number() -> bigint
    rank() -> bigint
    dense_rank() -> bigint
    percent_rank() -> double
    cume_dist() -> double
    ntile(bigint) -> bigint
    lag(t) -> t
    lag(t, bigint) -> t
    lag(t, bigint, t) -> t
    lead(t) -> t
    lead(t, bigint) -> t
    lead(t, bigint, t) -> t
    first_value(t) -> t
    last_value(t) -> t
    nth_value(t, bigint) -> t
    """,
    kind="window",
)

_RESULT_IS_WIDER = {"sum", "approx_distinct"}
_NEVER_OF = {"min": ("json", "array"), "max": ("json", "array"), "avg": ("decimal",)}


@dataclass(frozen=True, slots=True)
class AggregateCall:
    """An aggregate or window function with what is written around it.

    Args:
        node: The call.
        distinct: Whether it takes each value once.
        condition: The condition of FILTER.
        order: The order of its input, written inside it or after WITHIN GROUP.
        window: The OVER clause.
        skips_nulls: Whether IGNORE NULLS is written.
    """

    node: exp.Anonymous
    arguments: list[exp.Expr]
    distinct: bool = False
    condition: exp.Expr | None = None
    order: exp.Order | None = None
    window: exp.Window | None = None
    skips_nulls: bool = False


def unwrap(node: exp.Expr) -> AggregateCall | None:
    """Take FILTER, OVER, WITHIN GROUP, IGNORE NULLS, DISTINCT and ORDER BY off a call, if it is one."""
    window = condition = order = None
    skips_nulls = False
    inner = node
    if isinstance(inner, exp.Window):
        window, inner = inner, inner.this
    if isinstance(inner, (exp.IgnoreNulls, exp.RespectNulls)):
        skips_nulls, inner = isinstance(inner, exp.IgnoreNulls), inner.this
    if isinstance(inner, exp.Filter):
        condition, inner = inner.expression.this, inner.this
    if isinstance(inner, exp.WithinGroup):
        order, inner = inner.expression, inner.this
    if not isinstance(inner, exp.Anonymous):
        return None
    arguments = list(inner.expressions)
    if arguments and isinstance(arguments[-1], exp.Order):
        order = arguments[-1]
        arguments[-1] = order.this
    distinct = len(arguments) == 1 and isinstance(arguments[0], exp.Distinct)
    if distinct:
        arguments = list(arguments[0].expressions)
        if arguments and isinstance(arguments[-1], exp.Order):
            order = arguments[-1]
            arguments[-1] = order.this
    return AggregateCall(inner, arguments, distinct, condition, order, window, skips_nulls)


def carry_aggregate(compiler: TypesExpressions, found: AggregateCall, context: Context) -> Typed:
    """Carry an aggregate or window function with everything around it."""
    function = lookup(found.node)
    windowed = found.window is not None
    _check_place(function, found, context)
    within = context.inside_window() if windowed else context.inside_aggregate()
    node, result = _call(compiler, function, found, within)
    if found.order is not None:
        _order_inside(node, [ordered(compiler, part, within) for part in found.order.expressions])
    whole: exp.Expr = _skipping_nulls(found, node) if found.skips_nulls else node
    if found.condition is not None:
        condition = compiler.typed(found.condition, within)
        if condition.type != BOOLEAN:
            raise refuse(found.condition, "FILTER needs a condition")
        whole = exp.Filter(this=whole, expression=exp.Where(this=condition.node))
    if found.window is not None:
        whole = _over(compiler, found.window, whole, within)
    if function.name in _RESULT_IS_WIDER:
        whole = as_type(whole, result)
    return Typed(whole, result)


def _check_place(function: Function, found: AggregateCall, context: Context) -> None:
    windowed = found.window is not None
    if function.kind == "scalar":
        raise refuse(found.node, f"{function.name} is neither an aggregate nor a window function")
    if function.kind == "window" and not windowed:
        raise refuse(found.node, f"{function.name} needs OVER (…)")
    if windowed and not context.windows:
        raise refuse(found.node, f"a window function cannot stand in {context.clause}")
    if not windowed and not context.aggregates:
        raise refuse(found.node, f"an aggregate cannot stand in {context.clause}")
    if windowed and found.distinct:
        raise refuse(found.node, "DISTINCT cannot stand in a window function")
    if function.name == "listagg" and found.order is None:
        raise refuse(found.node, "listagg needs WITHIN GROUP (ORDER BY …)")


def _call(
    compiler: TypesExpressions, function: Function, found: AggregateCall, within: Context
) -> tuple[exp.Anonymous, Type]:
    if function.name == "count" and (not found.arguments or isinstance(found.arguments[0], exp.Star)):
        if found.distinct or len(found.arguments) > 1:
            raise refuse(found.node, "write count(*) or count(DISTINCT column)")
        return exp.Anonymous(this="count", expressions=[exp.Star()]), BIGINT
    values = [compiler.typed(argument, within) for argument in found.arguments]
    for value in values:
        if value.type.name in _NEVER_OF.get(function.name, ()):
            instead = "cast to double" if function.name == "avg" else "cast"
            raise refuse(found.node, f"{function.name}({value.type}) is not carried: {instead}")
    signature, values, result = choose(function, values, found.node)
    node = write(signature, values)
    assert isinstance(node, exp.Anonymous)
    if found.distinct:
        node.set("expressions", [exp.Distinct(expressions=node.expressions[:1]), *node.expressions[1:]])
    return node, result


_CAN_SKIP_NULLS = {
    "lag": (exp.Lag, ("this", "offset", "default")),
    "lead": (exp.Lead, ("this", "offset", "default")),
    "first_value": (exp.FirstValue, ("this",)),
    "last_value": (exp.LastValue, ("this",)),
    "nth_value": (exp.NthValue, ("this", "offset")),
}


def _skipping_nulls(found: AggregateCall, node: exp.Anonymous) -> exp.Expr:
    """Write IGNORE NULLS, which the generator knows for its own classes only."""
    name = node.name.lower()
    if name not in _CAN_SKIP_NULLS:
        raise refuse(found.node, f"{name} has no IGNORE NULLS")
    kind, names = _CAN_SKIP_NULLS[name]
    return exp.IgnoreNulls(this=kind(**dict(zip(names, node.expressions, strict=False))))


def _order_inside(node: exp.Anonymous, order: list[exp.Expr]) -> None:
    last = node.expressions[-1]
    node.set("expressions", [*node.expressions[:-1], exp.Order(this=last, expressions=order)])


def _over(compiler: TypesExpressions, window: exp.Window, inner: exp.Expr, context: Context) -> exp.Window:
    if window.args.get("first") is not None or window.args.get("over", "OVER") != "OVER":
        raise refuse(window, "this window is not carried")
    if window.args.get("alias") is not None:
        return exp.Window(this=inner, alias=window.args["alias"].copy(), over="OVER")
    return exp.Window(this=inner, over="OVER", **window_parts(compiler, window, context))


def window_parts(
    compiler: TypesExpressions, window: exp.Window, context: Context
) -> dict[str, exp.Expr | list[exp.Expr]]:
    """Carry PARTITION BY, ORDER BY and the frame."""
    parts: dict[str, exp.Expr | list[exp.Expr]] = {}
    partition = window.args.get("partition_by") or []
    if partition:
        parts["partition_by"] = [compiler.typed(part, context).node for part in partition]
    order = window.args.get("order")
    if order is not None:
        parts["order"] = exp.Order(expressions=[ordered(compiler, part, context) for part in order.expressions])
    spec = window.args.get("spec")
    if spec is not None:
        parts["spec"] = _frame(compiler, spec, context)
    return parts


def _frame(compiler: TypesExpressions, spec: exp.WindowSpec, context: Context) -> exp.WindowSpec:
    carried = spec.copy()
    if spec.args.get("exclude"):
        raise refuse(spec, "Athena has no EXCLUDE in a window frame")
    for side in ("start", "end"):
        bound = spec.args.get(side)
        if isinstance(bound, exp.Expr):
            carried.set(side, compiler.typed(bound, context).node)
    return carried
