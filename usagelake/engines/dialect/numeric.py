"""Numbers: https://trino.io/docs/current/functions/math.html, `bitwise.html` and `decimal.html`."""

from __future__ import annotations

from sqlglot import exp

from usagelake.engines.dialect.functions import Call, carries, declare
from usagelake.engines.dialect.sql_types import MAX_PRECISION, Type, common, decimal
from usagelake.engines.dialect.typed import Typed, as_type, build, call, coerce_all, number, wrapped

_INTEGER_FUNCTIONS = "\n".join(
    f"""
    abs({kind}) -> {kind}
    ceil({kind}) -> {kind} := _1
    ceiling({kind}) -> {kind} := _1
    floor({kind}) -> {kind} := _1
    sign({kind}) -> {kind} := CAST(sign(_1) AS {kind})
    """
    for kind in ("integer", "bigint")
)

declare(
    _INTEGER_FUNCTIONS
    + """
    abs(decimal(p, s)) -> decimal(p, s)
    abs(double) -> double
    ceil(double) -> double
    ceiling(double) -> double := ceil(_1)
    floor(double) -> double
    sign(double) -> double := CAST(sign(_1) AS DOUBLE)
    truncate(double) -> double := trunc(_1)
    power(double, double) -> double
    pow(double, double) -> double
    sqrt(double) -> double
    cbrt(double) -> double
    exp(double) -> double
    ln(double) -> double
    log2(double) -> double
    log10(double) -> double
    is_nan(double) -> boolean := isnan(_1)
    is_finite(double) -> boolean := isfinite(_1)
    is_infinite(double) -> boolean := isinf(_1)
    bitwise_and(bigint, bigint) -> bigint := _1 & _2
    bitwise_or(bigint, bigint) -> bigint := _1 | _2
    bitwise_xor(bigint, bigint) -> bigint := xor(_1, _2)
    bitwise_not(bigint) -> bigint := ~_1
    """
)


@carries("round")
def _round(site: Call) -> Typed:
    values = site.values(at_least=1, at_most=2)
    value = values[0]
    digits = site.integer(1) if len(values) > 1 else 0
    if value.type.is_integer:
        if digits < 0:
            raise site.refuse("round of an integer to tens is not carried")
        return value
    if value.type.name == "decimal":
        precision, scale = value.type.precision, value.type.scale
        if len(values) == 1:
            kind = decimal(min(MAX_PRECISION, precision - scale + min(scale, 1)) or 1, 0)
            return Typed(as_type(call("round", value.node, number(0)), kind), kind)
        kind = decimal(min(MAX_PRECISION, precision + 1), scale)
        if digits >= scale:
            return Typed(as_type(value.node, kind), kind)
        if digits < 0:
            raise site.refuse("round of a decimal to tens is not carried")
        return Typed(as_type(call("round", value.node, number(digits)), kind), kind)
    if value.type.name == "double":
        return Typed(call("round", value.node, number(digits)), value.type)
    raise site.refuse(f"round({value.type}) does not exist")


@carries("mod")
def _mod(site: Call) -> Typed:
    left, right = site.values(at_least=2, at_most=2)
    kind = common(left.type, right.type)
    if kind is None or not (kind.is_integer or kind.name == "double"):
        raise site.refuse(f"mod({left.type}, {right.type}) is not carried: integers or doubles only")
    nodes = [wrapped(node) for node in coerce_all([left, right], kind)]
    return Typed(exp.Mod(this=nodes[0], expression=nodes[1]), kind)


@carries("greatest", "least")
def _extreme(site: Call) -> Typed:
    """NULL if any argument is NULL; DuckDB would skip it."""
    values = site.values(at_least=1)
    kind: Type | None = values[0].type
    for value in values[1:]:
        kind = None if kind is None else common(kind, value.type)
    if kind is None or kind.name in ("boolean", "json", "array"):
        raise site.refuse(f"{site.name}({', '.join(str(value.type) for value in values)}) does not exist: cast")
    nodes = coerce_all(values, kind)
    some_null = " OR ".join(f"_{place + 1} IS NULL" for place in range(len(nodes)))
    arguments = ", ".join(f"_{place + 1}" for place in range(len(nodes)))
    return Typed(build(f"CASE WHEN {some_null} THEN NULL ELSE {site.name}({arguments}) END", *nodes), kind)
