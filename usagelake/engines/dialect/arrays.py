"""Arrays and lambdas: https://trino.io/docs/current/functions/array.html and `lambda.html`.

Maps are not carried.
"""

from __future__ import annotations

from sqlglot import exp

from usagelake.engines.dialect.functions import Call, carries, declare
from usagelake.engines.dialect.scope import quoted
from usagelake.engines.dialect.sql_types import BIGINT, BOOLEAN, DATE, Type, array
from usagelake.engines.dialect.typed import Typed, as_type, call, coerce

declare(
    """
    cardinality(array(t)) -> bigint := len(_1)
    contains(array(t), t) -> boolean := athena_contains(_1, _2)
    array_join(array(varchar), varchar) -> varchar := array_to_string(_1, _2)
    array_sort(array(t)) -> array(t) := list_sort(_1, 'ASC', 'NULLS LAST')
    array_max(array(t)) -> t := athena_array_max(_1)
    array_min(array(t)) -> t := athena_array_min(_1)
    array_position(array(t), t) -> bigint := coalesce(list_position(_1, _2), 0)
    element_at(array(t), bigint) -> t := _1[_2]
    """
)


@carries("sequence")
def _sequence(site: Call) -> Typed:
    values = site.values(at_least=2, at_most=3)
    first, last = values[0], values[1]
    if first.type.is_integer and last.type.is_integer:
        if len(values) > 2 and not values[2].type.is_integer:  # noqa: PLR2004
            raise site.refuse("sequence of integers has an integer step")
        nodes = [coerce(value, BIGINT) for value in values]
        return Typed(call("generate_series", *nodes), array(BIGINT))
    if first.type == last.type and (first.type == DATE or first.type.name == "timestamp") and len(values) > 2:  # noqa: PLR2004
        if not values[2].type.name.startswith("interval"):
            raise site.refuse("sequence of times has an interval as its step")
        nodes = [as_type(first.node, Type("timestamp", (6,))), as_type(last.node, Type("timestamp", (6,)))]
        series = call("generate_series", *nodes, values[2].node)
        return Typed(as_type(series, array(first.type)), array(first.type))
    raise site.refuse("sequence takes two integers, or two dates or timestamps and an interval")


def _lambda(site: Call, kind: Type) -> tuple[exp.Lambda, Typed]:
    """Carry a lambda of one parameter whose values have type `kind`."""
    written = site.written[1]
    if not isinstance(written, exp.Lambda) or len(written.expressions) != 1:
        raise site.refuse(f"argument 2 of {site.name} must be a lambda of one parameter: x -> …")
    name = str(written.expressions[0].name).lower()
    context = site.context.with_names({name: (exp.column(quoted(name)), kind)})
    body = site.compiler.typed(written.this, context)
    return exp.Lambda(this=body.node, expressions=[quoted(name)]), body


def _array(site: Call) -> Typed:
    if len(site.written) != 2:  # noqa: PLR2004
        raise site.refuse(f"{site.name} takes an array and a lambda")
    value = site.compiler.typed(site.written[0], site.context)
    if value.type.name != "array":
        raise site.refuse(f"{site.name} takes an array, not {value.type}")
    return value


@carries("transform")
def _transform(site: Call) -> Typed:
    value = _array(site)
    function, body = _lambda(site, value.type.element)
    return Typed(call("list_transform", value.node, function), array(body.type))


@carries("filter")
def _filter(site: Call) -> Typed:
    value = _array(site)
    function, body = _lambda(site, value.type.element)
    if body.type != BOOLEAN:
        raise site.refuse("the lambda of filter must be a condition")
    return Typed(call("list_filter", value.node, function), value.type)


def subscript(value: Typed, index: Typed) -> Typed:
    """Carry `array[index]`, which is an error outside the array's bounds."""
    return Typed(call("athena_subscript", value.node, coerce(index, BIGINT)), value.type.element)


def literal(values: list[Typed], kind: Type) -> Typed:
    """Carry ARRAY[…]."""
    nodes = [coerce(value, kind) for value in values]
    return Typed(exp.Array(expressions=nodes), array(kind))
