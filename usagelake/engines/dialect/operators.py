"""Operators, literals and predicates: what Athena's types allow, written so that DuckDB computes the same.

Source: https://trino.io/docs/current/functions/{comparison,logical,decimal,conditional,datetime}.html.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.sql_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    INTEGER,
    INTERVAL_DAY,
    INTERVAL_YEAR,
    MAX_PRECISION,
    UNKNOWN,
    VARCHAR,
    Type,
    as_decimal,
    common,
    decimal,
)
from usagelake.engines.dialect.typed import Typed, as_type, coerce, coerce_all, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_INTEGER = 2**31 - 1
_MAX_BIGINT = 2**63 - 1
_UNITS = {
    "DAY": INTERVAL_DAY,
    "HOUR": INTERVAL_DAY,
    "MINUTE": INTERVAL_DAY,
    "SECOND": INTERVAL_DAY,
    "MONTH": INTERVAL_YEAR,
    "YEAR": INTERVAL_YEAR,
}


def literal(node: exp.Literal) -> Typed:
    """Carry a text or a number written out."""
    if node.is_string:
        return Typed(node.copy(), VARCHAR)
    text = node.name
    if text.isdigit():
        value = int(text)
        if value > _MAX_BIGINT:
            raise refuse(node, f"{text} does not fit a bigint: write DECIMAL '{text}'")
        return Typed(exp.Literal.number(value), INTEGER if value <= _MAX_INTEGER else BIGINT)
    if re.fullmatch(r"(\d+\.?\d*|\.\d+)[eE][+-]?\d+", text):
        return Typed(as_type(exp.Literal.string(text), Type("double")), Type("double"))
    whole, _, fraction = text.partition(".")
    if not (whole + fraction).isdigit():
        raise refuse(node, f"{text} is no number that is carried")
    kind = decimal(max(len(whole.lstrip("0")) + len(fraction), 1), len(fraction))
    return Typed(as_type(exp.Literal.string(text), kind), kind)


def negative(node: exp.Neg, value: Typed) -> Typed:
    """Carry `-x`."""
    if not value.type.is_number and not value.type.name.startswith("interval"):
        raise refuse(node, f"-{value.type} does not exist")
    return Typed(exp.Neg(this=wrapped(value.node)), value.type)


def arithmetic(node: exp.Binary, left: Typed, right: Typed) -> Typed:
    """Carry `+`, `-`, `*`, `/` and `%`.

    Raises:
        RefusalError: Athena does not compute with these types, or DuckDB's result would not be the same.
    """
    sign = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}[type(node)]
    if left.type.is_number and right.type.is_number:
        return _numbers(node, sign, left, right)
    if UNKNOWN in (left.type, right.type):
        other = right.type if left.type == UNKNOWN else left.type
        if other.is_number:
            return _numbers(node, sign, Typed(coerce(left, other), other), Typed(coerce(right, other), other))
    timed = _times(node, sign, left, right)
    if timed is None:
        difference = _is_time(left.type) and _is_time(right.type) and sign == "-"
        hint = ": write date_diff('second', a, b)" if difference else ""
        raise refuse(node, f"{left.type} {sign} {right.type} is not carried{hint}")
    return timed


def _numbers(node: exp.Binary, sign: str, left: Typed, right: Typed) -> Typed:
    kind = common(left.type, right.type)
    assert kind is not None
    if kind.name == "decimal":
        return _decimals(node, sign, left, right)
    nodes = [wrapped(each) for each in coerce_all([left, right], kind)]
    if sign == "/":
        operator = exp.IntDiv if kind.is_integer else exp.Div
        return Typed(operator(this=nodes[0], expression=nodes[1]), kind)
    return Typed(type(node)(this=nodes[0], expression=nodes[1]), kind)


def _decimals(node: exp.Binary, sign: str, left: Typed, right: Typed) -> Typed:
    """Add, subtract and multiply; Athena's division and remainder round in ways that are not carried."""
    if sign in "/%":
        raise refuse(node, f"decimals are not divided in SQL: {left.type} {sign} {right.type}")
    first, second = as_decimal(left.type), as_decimal(right.type)
    if sign == "*":
        kind = decimal(min(MAX_PRECISION, first.precision + second.precision), first.scale + second.scale)
        if kind.scale > MAX_PRECISION:
            raise refuse(node, f"{left.type} * {right.type} has more than {MAX_PRECISION} digits")
    else:
        whole = max(first.precision - first.scale, second.precision - second.scale)
        scale = max(first.scale, second.scale)
        kind = decimal(min(MAX_PRECISION, whole + scale + 1), scale)
    nodes = [wrapped(coerce(value, each)) for value, each in ((left, first), (right, second))]
    return Typed(as_type(type(node)(this=nodes[0], expression=nodes[1]), kind), kind)


def _is_time(kind: Type) -> bool:
    return kind == DATE or kind.name.startswith("timestamp")


def _times(node: exp.Binary, sign: str, left: Typed, right: Typed) -> Typed | None:
    """Move a date or timestamp by an interval, or multiply an interval."""
    if sign == "+" and left.type.name.startswith("interval") and _is_time(right.type):
        left, right = right, left
    if sign in "+-" and _is_time(left.type) and right.type.name.startswith("interval"):
        if left.type == DATE and any(
            part.args["unit"].name.upper() not in ("DAY", "MONTH", "YEAR") for part in right.node.find_all(exp.Interval)
        ):
            raise refuse(node, "a date moves by days, months and years: cast it to timestamp first")
        operator = exp.Add if sign == "+" else exp.Sub
        moved = operator(this=wrapped(left.node), expression=wrapped(right.node))
        return Typed(as_type(moved, DATE) if left.type == DATE else moved, left.type)
    if sign == "*" and right.type.name.startswith("interval") and left.type.is_integer:
        left, right = right, left
    if sign == "*" and left.type.name.startswith("interval") and right.type.is_integer:
        return Typed(exp.Mul(this=wrapped(left.node), expression=wrapped(right.node)), left.type)
    if sign in "+-" and left.type == right.type and left.type.name.startswith("interval"):
        return Typed(type(node)(this=wrapped(left.node), expression=wrapped(right.node)), left.type)
    return None


def interval(node: exp.Interval) -> Typed:
    """Carry `INTERVAL '3' DAY`."""
    unit = node.args.get("unit")
    name = unit.name.upper() if isinstance(unit, exp.Var) else ""
    amount = node.this
    plain = isinstance(amount, exp.Literal) and amount.is_string and re.fullmatch(r"[+-]?\d+", amount.name)
    if name not in _UNITS or not plain:
        raise refuse(node, "an interval is written INTERVAL '3' DAY, with year, month, day, hour, minute or second")
    return Typed(exp.Interval(this=amount.copy(), unit=exp.var(name)), _UNITS[name])


def comparison(node: exp.Binary, left: Typed, right: Typed) -> Typed:
    """Carry `=`, `<>`, `<`, `IS DISTINCT FROM` and their kin."""
    kind = meet(node, [left, right], f"compare {left.type} with {right.type}")
    ordering = isinstance(node, (exp.LT, exp.LTE, exp.GT, exp.GTE))
    if kind.name == "json" or (ordering and kind.name == "array"):
        raise refuse(node, f"{kind} values are not compared: read a scalar out of them")
    nodes = [wrapped(each) for each in coerce_all([left, right], kind)]
    return Typed(type(node)(this=nodes[0], expression=nodes[1]), BOOLEAN)


def meet(node: exp.Expr, values: Sequence[Typed], what: str) -> Type:
    """The type that values have in common.

    Raises:
        RefusalError: Athena mixes them only after a cast.
    """
    kind: Type | None = UNKNOWN
    for value in values:
        kind = None if kind is None else common(kind, value.type)
    if kind is None:
        raise refuse(node, f"Athena cannot {what}: cast one side")
    return kind


def condition(node: exp.Expr, value: Typed, what: str) -> exp.Expr:
    """Make sure that a value is a condition."""
    if value.type not in (BOOLEAN, UNKNOWN):
        raise refuse(node, f"{what} needs a condition, not {value.type}")
    return wrapped(value.node) if isinstance(value.node, (exp.Or, exp.And)) else value.node


def like(node: exp.Expr, text: Typed, pattern: Typed, escape: Typed | None) -> Typed:
    """Carry LIKE, with or without ESCAPE."""
    if text.type not in (VARCHAR, UNKNOWN) or pattern.type not in (VARCHAR, UNKNOWN):
        raise refuse(node, f"LIKE compares texts, not {text.type} with {pattern.type}: cast")
    carried: exp.Expr = exp.Like(this=wrapped(text.node), expression=wrapped(pattern.node))
    if escape is not None:
        if not (isinstance(escape.node, exp.Literal) and len(escape.node.name) == 1):
            raise refuse(node, "ESCAPE needs one character, written out")
        carried = exp.Escape(this=carried, expression=escape.node)
    written = node.this if isinstance(node, exp.Escape) else node
    if written.args.get("negate"):
        carried = exp.Not(this=exp.Paren(this=carried))
    return Typed(carried, BOOLEAN)


def joined(node: exp.DPipe, left: Typed, right: Typed) -> Typed:
    """Carry `||` between texts."""
    if any(value.type not in (VARCHAR, UNKNOWN) for value in (left, right)):
        raise refuse(node, f"{left.type} || {right.type}: only texts are joined; cast AS varchar")
    return Typed(exp.DPipe(this=wrapped(left.node), expression=wrapped(right.node)), VARCHAR)
