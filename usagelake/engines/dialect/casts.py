"""CAST and TRY_CAST: https://trino.io/docs/current/functions/conversion.html.

Where DuckDB reads more texts than Trino, or rounds another way, a macro of `session.py` stands between.
"""

from __future__ import annotations

import re

from sqlglot import exp

from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.sql_types import DATE, JSON, UNKNOWN, VARCHAR, Type, parse_type
from usagelake.engines.dialect.typed import Typed, as_type, build, call, string, try_as_type

_TIMESTAMP_TEXT = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d(?:\.(\d{1,6}))?)?)?")
_CARRIED_FRACTIONS = (0, 3, 6)


def written_type(node: exp.Expr) -> Type:
    """Read the type that a CAST names; a bare `timestamp` has three digits, a bare `decimal` is (38, 0)."""
    text = node.sql("trino").lower()
    text = {"timestamp": "timestamp(3)", "decimal": "decimal(38, 0)"}.get(text, text)
    text = re.sub(r"^timestamp with time zone$", "timestamp(3) with time zone", text)
    try:
        kind = parse_type(text)
    except ValueError as error:
        raise refuse(node, str(error)) from None
    if kind.name == "variable" or (kind == VARCHAR and "(" in text):
        raise refuse(node, f"CAST AS {text} is not carried: write varchar, and substr to cut")
    return kind


def carry_cast(node: exp.Cast, value: Typed) -> Typed:
    """Carry CAST(value AS type) or TRY_CAST.

    Raises:
        RefusalError: Athena has no such conversion, or DuckDB's result would not be the same.
    """
    kind = written_type(node.to)
    soft = isinstance(node, exp.TryCast)
    literal = None if soft else _literal(node, kind)
    if literal is not None:
        return Typed(literal, kind)
    source = value.type
    if source in (kind, UNKNOWN):
        return Typed(as_type(value.node, kind), kind)
    carried = _from_text(value.node, kind, soft=soft) if source == VARCHAR else _convert(value, kind, soft=soft)
    if carried is None:
        raise refuse(node, f"CAST({source} AS {kind}) is not carried{_instead(source, kind)}")
    return Typed(carried, kind)


def _instead(source: Type, kind: Type) -> str:
    if kind == VARCHAR and source.name in ("double", "real"):
        return ": cast to a decimal or an integer first"
    if source.name in ("double", "real") and kind.name == "decimal":
        return ": compute in decimals, or show round(…, 2)"
    if source.name.endswith("zone"):
        return ": write … AT TIME ZONE 'UTC' first"
    return ""


def _literal(node: exp.Cast, kind: Type) -> exp.Expr | None:
    """A typed literal, as `TIMESTAMP '…'`, when DuckDB reads the text as Trino does."""
    text = node.this
    if not (isinstance(text, exp.Literal) and text.is_string):
        return None
    if kind.name == "timestamp":
        match = _TIMESTAMP_TEXT.fullmatch(text.name)
        if match and len(match[1] or "") <= kind.precision:
            return as_type(string(text.name), kind)
    if kind.name == "decimal" and re.fullmatch(r"[+-]?\d+(\.\d+)?", text.name):
        whole, _, fraction = text.name.lstrip("+-").partition(".")
        if len(fraction) <= kind.scale and len(whole.lstrip("0")) <= kind.precision - kind.scale:
            return as_type(string(text.name), kind)
    if kind == DATE and re.fullmatch(r"\d{4}-\d\d-\d\d", text.name):
        return as_type(string(text.name), kind)
    if kind.is_integer and re.fullmatch(r"[+-]?\d{1,18}", text.name):
        return as_type(string(text.name), kind)
    return None


def _from_text(node: exp.Expr, kind: Type, *, soft: bool) -> exp.Expr | None:
    """Read a text, which must look as Trino wants it; else NULL for TRY_CAST, an error for CAST."""
    looks = ""
    if kind.is_integer:
        looks, read = "athena_is_integer", try_as_type(node, kind)
    elif kind.name in ("double", "real"):
        looks, read = "athena_is_double", try_as_type(node, kind)
    elif kind.name == "decimal":
        looks, read = "athena_is_decimal", try_as_type(node, kind)
    elif kind.name == "boolean":
        looks, read = "athena_is_boolean", try_as_type(node, kind)
    elif kind == DATE:
        read = call("athena_read_date", node)
    elif kind.name == "timestamp" and kind.precision in _CARRIED_FRACTIONS:
        read = call(f"athena_read_timestamp_{kind.precision}", node)
    else:
        return None
    if looks:
        read = build(f"CASE WHEN {looks}(_1) THEN _2 END", node, read)
    return read if soft else _or_fail(read, node, kind)


def _or_fail(read: exp.Expr, node: exp.Expr, kind: Type) -> exp.Expr:
    """Fail where a text was given and nothing was read; the message itself is what cannot be cast."""
    failure = as_type(build("'Cannot cast ' || _1", node), kind)
    return build("CASE WHEN _1 IS NULL AND _2 IS NOT NULL THEN _3 ELSE _1 END", read, node, failure)


def _convert(value: Typed, kind: Type, *, soft: bool) -> exp.Expr | None:
    source, node = value.type, value.node
    write = try_as_type if soft else as_type
    if source == JSON:
        return _from_json(node, kind, soft=soft)
    if source.name in ("double", "real") and kind.is_integer:
        return write(call("round", node), kind)
    if _same_in_both(source, kind):
        return write(node, kind)
    return _to_text(value) if kind == VARCHAR else _between_times(value, kind)


def _same_in_both(source: Type, kind: Type) -> bool:
    """Whether DuckDB converts as Trino does."""
    if source.is_exact:
        return kind.is_number or (kind.name == "boolean" and source.is_integer)
    if source.name == "boolean":
        return kind == VARCHAR or (kind.is_number and kind.name != "decimal")
    return source.name in ("double", "real") and kind.name in ("double", "real")


def _to_text(value: Typed) -> exp.Expr | None:
    source, node = value.type, value.node
    if source.is_exact:
        return as_type(node, VARCHAR)
    if source == DATE:
        return call("strftime", node, string("%Y-%m-%d"))
    if source.name == "timestamp" and source.precision in _CARRIED_FRACTIONS:
        fraction = {0: "", 3: ".%g", 6: ".%f"}[source.precision]
        return call("strftime", node, string(f"%Y-%m-%d %H:%M:%S{fraction}"))
    return None


def _between_times(value: Typed, kind: Type) -> exp.Expr | None:
    source, node = value.type, value.node
    zoned = source.name.endswith("zone")
    if zoned and source.args[1] != "utc" and not kind.name.endswith("zone"):
        return None
    if kind == DATE and (source.name == "timestamp" or zoned):
        return as_type(node, DATE)
    if source == DATE and kind.name.startswith("timestamp"):
        return as_type(node, kind)
    if source.name.startswith("timestamp") and kind.name.startswith("timestamp"):
        if kind.precision >= source.precision:
            return node
        if kind.precision in _CARRIED_FRACTIONS:
            return call(f"athena_round_timestamp_{kind.precision}", node)
    return None


def _from_json(node: exp.Expr, kind: Type, *, soft: bool) -> exp.Expr | None:
    if kind == VARCHAR:
        read = call("athena_json_as_text", node)
    elif kind.is_integer or kind.name in ("double", "boolean"):
        inner = _from_text(call("athena_json_as_text", node), kind, soft=True)
        assert inner is not None
        read = inner
    elif kind in (Type("array", (VARCHAR,)), Type("array", (Type("bigint"),)), Type("array", (JSON,))):
        read = try_as_type(build("CAST(_1 AS JSON)", node), kind)
    else:
        return None
    if soft:
        return read
    if kind == VARCHAR:
        failure = build("CAST(CAST('Cannot cast to varchar: ' || _1 AS INTEGER) AS VARCHAR)", node)
    else:
        failure = as_type(build("'Cannot cast ' || _1", node), kind)
    return build(
        "CASE WHEN _1 IS NULL OR _1 = 'null' THEN NULL WHEN _2 IS NULL THEN _3 ELSE _2 END", node, read, failure
    )
