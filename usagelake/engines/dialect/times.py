"""Times: https://trino.io/docs/current/functions/datetime.html.

Every time is a DuckDB TIMESTAMP in UTC: Athena's session is UTC, so a `timestamp with time zone` is the same
instant, as long as nobody asks for the wall clock of a zone of its own (`any` in the signatures).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from usagelake.engines.dialect.functions import Call, carries, declare
from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.sql_types import BIGINT, DATE, VARCHAR, Type, instant, timestamp
from usagelake.engines.dialect.typed import Typed, as_type, build, call, coerce, number, string

if TYPE_CHECKING:
    from sqlglot import exp

_FIELDS = {
    "year": "year(_1)",
    "quarter": "quarter(_1)",
    "month": "month(_1)",
    "week": "week(_1)",
    "week_of_year": "week(_1)",
    "year_of_week": "isoyear(_1)",
    "yow": "isoyear(_1)",
    "day": "day(_1)",
    "day_of_month": "day(_1)",
    "day_of_week": "isodow(_1)",
    "dow": "isodow(_1)",
    "day_of_year": "dayofyear(_1)",
    "doy": "dayofyear(_1)",
}
_CLOCK = {
    "hour": "hour(_1)",
    "minute": "minute(_1)",
    "second": "second(_1)",
    "millisecond": "millisecond(_1) % 1000",
}
_TIMES = ("timestamp(p)", "timestamp(p) with time zone")

declare(
    "\n".join(
        f"{name}({kind}) -> bigint := {template}"
        for fields, kinds in ((_FIELDS, ("date", *_TIMES)), (_CLOCK, _TIMES))
        for name, template in fields.items()
        for kind in kinds
    )
)
declare(
    """
    date(date) -> date := _1
    date(timestamp(p)) -> date := CAST(_1 AS DATE)
    date(timestamp(p) with time zone) -> date := CAST(_1 AS DATE)
    date(varchar) -> date := athena_date(_1)
    last_day_of_month(date) -> date := last_day(_1)
    last_day_of_month(timestamp(p)) -> date := last_day(_1)
    from_unixtime(double) -> timestamp(3) with time zone := athena_from_unixtime(_1)
    to_unixtime(timestamp(p)) -> double := epoch_us(_1) / CAST(1000000 AS DOUBLE)
    to_unixtime(timestamp(p) with time zone any) -> double := epoch_us(_1) / CAST(1000000 AS DOUBLE)
    from_iso8601_timestamp(varchar) -> timestamp(3) with time zone any := athena_from_iso8601(_1)
    from_iso8601_date(varchar) -> date := athena_date(_1)
    to_iso8601(date) -> varchar := strftime(_1, '%Y-%m-%d')
    """
)
EXTRACTED = frozenset({*_FIELDS, *_CLOCK}) - {"millisecond", "week_of_year", "year_of_week"}
"""The fields that EXTRACT knows."""

_MICROSECONDS = {
    "millisecond": 1_000,
    "second": 1_000_000,
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": 86_400_000_000,
    "week": 604_800_000_000,
}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7}


def _unit(site: Call, kind: Type) -> str:
    unit = site.text(0).lower()
    allowed = {*_DAYS, *_MONTHS} if kind == DATE else {*_MICROSECONDS, *_MONTHS}
    if unit not in allowed:
        raise site.refuse(f"{site.name} of a {kind.name} has no unit {unit}: it has {', '.join(sorted(allowed))}")
    return unit


def _is_time(kind: Type) -> bool:
    return kind == DATE or kind.name == "timestamp" or (kind.name.endswith("zone") and kind.args[1] == "utc")


def _time_argument(site: Call, value: Typed) -> None:
    if not _is_time(value.type):
        zone = ": write … AT TIME ZONE 'UTC'" if value.type.name.endswith("zone") else ""
        raise site.refuse(f"{site.name} does not take {value.type}{zone}")


@carries("date_trunc")
def _date_trunc(site: Call) -> Typed:
    values = site.values(at_least=2, at_most=2)
    _time_argument(site, values[1])
    kind = values[1].type
    node = call("date_trunc", string(_unit(site, kind)), values[1].node)
    return Typed(as_type(node, DATE) if kind == DATE else node, kind)


@carries("date_add")
def _date_add(site: Call) -> Typed:
    values = site.values(at_least=3, at_most=3)
    _time_argument(site, values[2])
    if not values[1].type.is_integer:
        raise site.refuse("date_add takes a unit, an integer and a date or timestamp")
    kind, count = values[2].type, values[1].node
    unit = _unit(site, kind)
    if unit in _MONTHS:
        node = build("_1 + to_months(CAST(_2 * _3 AS INTEGER))", values[2].node, count, number(_MONTHS[unit]))
        return Typed(as_type(node, DATE) if kind == DATE else node, kind)
    if kind == DATE:
        return Typed(build("_1 + CAST(_2 * _3 AS INTEGER)", values[2].node, count, number(_DAYS[unit])), kind)
    step = number(_MICROSECONDS[unit])
    return Typed(build("make_timestamp(epoch_us(_1) + _2 * _3)", values[2].node, as_type(count, BIGINT), step), kind)


@carries("date_diff")
def _date_diff(site: Call) -> Typed:
    """Whole units that have elapsed, as Joda counts them: months clamp to the end of the month."""
    values = site.values(at_least=3, at_most=3)
    for value in values[1:]:
        _time_argument(site, value)
    dates = values[1].type == DATE and values[2].type == DATE
    unit = _unit(site, DATE if dates else timestamp())
    first, last = (coerce(value, timestamp()) for value in values[1:])
    if unit in ("month", "quarter"):
        node = call("athena_months_between", first, last)
        return Typed(build("_1 // 3", node) if unit == "quarter" else node, BIGINT)
    if unit == "year":
        return Typed(call("athena_years_between", first, last), BIGINT)
    if dates:
        return Typed(build("(_1 - _2) // _3", values[2].node, values[1].node, number(_DAYS[unit])), BIGINT)
    step = number(_MICROSECONDS[unit] // 1000)
    return Typed(build("(athena_epoch_ms(_1) - athena_epoch_ms(_2)) // _3", last, first, step), BIGINT)


_FRACTIONS = {0: "", 3: ".%g", 6: ".%f"}


@carries("to_iso8601")
def _to_iso8601(site: Call) -> Typed:
    value = site.values(at_least=1, at_most=1)[0]
    _time_argument(site, value)
    if value.type == DATE:
        return Typed(call("strftime", value.node, string("%Y-%m-%d")), VARCHAR)
    if value.type.precision not in _FRACTIONS:
        raise site.refuse(f"to_iso8601({value.type}) is not carried: cast it to timestamp(3) or timestamp(6)")
    zone = "Z" if value.type.name.endswith("zone") else ""
    return Typed(
        call("strftime", value.node, string(f"%Y-%m-%dT%H:%M:%S{_FRACTIONS[value.type.precision]}{zone}")), VARCHAR
    )


_MYSQL = {
    "Y": "%Y", "y": "%y", "m": "%m", "d": "%d", "H": "%H", "i": "%M", "s": "%S", "S": "%S", "f": "%g000",
    "j": "%j", "M": "%B", "b": "%b", "W": "%A", "a": "%a", "T": "%H:%M:%S", "c": "%-m", "e": "%-d",
    "k": "%-H", "h": "%I", "I": "%I", "l": "%-I", "p": "%p", "r": "%I:%M:%S %p", "%": "%%",
}  # fmt: skip
_JODA = {
    "yyyy": "%Y", "yy": "%y", "MM": "%m", "M": "%-m", "dd": "%d", "d": "%-d", "HH": "%H", "H": "%-H",
    "mm": "%M", "ss": "%S", "SSS": "%g", "EEE": "%a", "EEEE": "%A", "MMM": "%b", "MMMM": "%B", "DDD": "%j",
    "hh": "%I", "a": "%p",
}  # fmt: skip


@carries("date_format")
def _date_format(site: Call) -> Typed:
    def carried(match: re.Match[str]) -> str:
        if match[1] not in _MYSQL:
            raise site.refuse(f"date_format: %{match[1]} is not carried")
        return _MYSQL[match[1]]

    pattern = re.sub(r"%(.)", carried, site.text(1))
    return _formatted(site, pattern)


@carries("format_datetime")
def _format_datetime(site: Call) -> Typed:
    pattern = ""
    for part in re.finditer(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+", site.text(1)):
        text = part[0]
        if text.startswith("'"):
            pattern += (text[1:-1].replace("''", "'") or "'").replace("%", "%%")
        elif not text[0].isalpha():
            pattern += text.replace("%", "%%")
        elif text in _JODA:
            pattern += _JODA[text]
        else:
            raise site.refuse(f"format_datetime: {text} is not carried")
    return _formatted(site, pattern)


def _formatted(site: Call, pattern: str) -> Typed:
    if len(site.written) != 2:  # noqa: PLR2004
        raise site.refuse(f"{site.name} takes a timestamp and a pattern")
    value = site.compiler.typed(site.written[0], site.context)
    _time_argument(site, value)
    return Typed(call("strftime", value.node, string(pattern)), VARCHAR)


@carries("at_timezone", "with_timezone")
def _at_timezone(site: Call) -> Typed:
    value = site.values(at_least=2, at_most=2)[0]
    return at_utc(site.node, value, site.text(1))


def at_utc(node: exp.Expr, value: Typed, zone: str) -> Typed:
    """Carry `value AT TIME ZONE 'UTC'`."""
    if zone.upper() not in ("UTC", "Z", "+00:00") or not value.type.name.startswith("timestamp"):
        raise refuse(node, f"AT TIME ZONE '{zone}' is not carried: times are in UTC here")
    return Typed(value.node, instant(value.type.precision))
