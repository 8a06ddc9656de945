"""The types of Athena's SQL, and which of them turn into which without being asked.

Source: https://trino.io/docs/current/language/types.html; the implicit conversions are those of Trino's
`TypeCoercion`. Lengths of `varchar(n)` are dropped: they change no result of ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
_APPROXIMATE = ("real", "double")
MAX_PRECISION = 38
MAX_FRACTION = 6

Argument: TypeAlias = "Type | int | str"


@dataclass(frozen=True, slots=True)
class Type:
    """A type as Athena spells it.

    Args:
        name: Its lower-case name; `unknown` is the type of a bare NULL.
        args: Its arguments: precision and scale of a decimal, fraction digits of a timestamp, element
            types. In a signature, a string is a variable.
    """

    name: str
    args: tuple[Argument, ...] = ()

    def __str__(self) -> str:
        if self.name == "timestamp with time zone":
            return f"timestamp({self.args[0]}) with time zone"
        if not self.args:
            return self.name
        return f"{self.name}({', '.join(map(str, self.args))})"

    @property
    def is_integer(self) -> bool:
        """Whether it is one of the four integer types."""
        return self.name in INTEGERS

    @property
    def is_exact(self) -> bool:
        """Whether it is an integer or a decimal."""
        return self.is_integer or self.name == "decimal"

    @property
    def is_number(self) -> bool:
        """Whether arithmetic applies."""
        return self.is_exact or self.name in _APPROXIMATE

    @property
    def element(self) -> Type:
        """The type of an array's elements."""
        assert isinstance(self.args[0], Type)
        return self.args[0]

    @property
    def precision(self) -> int:
        """A decimal's digits, or the digits of a timestamp's fraction."""
        assert isinstance(self.args[0], int)
        return self.args[0]

    @property
    def scale(self) -> int:
        """A decimal's digits after the point."""
        assert isinstance(self.args[1], int)
        return self.args[1]


UNKNOWN = Type("unknown")
BOOLEAN = Type("boolean")
INTEGER = Type("integer")
BIGINT = Type("bigint")
DOUBLE = Type("double")
VARCHAR = Type("varchar")
VARBINARY = Type("varbinary")
JSON = Type("json")
DATE = Type("date")
INTERVAL_DAY = Type("interval day to second")
INTERVAL_YEAR = Type("interval year to month")


def decimal(precision: int, scale: int) -> Type:
    """The type of exact numbers of `precision` digits, `scale` of them after the point."""
    return Type("decimal", (precision, scale))


def timestamp(fraction: int = 3) -> Type:
    """The type of wall-clock times; every one of ours is in UTC."""
    return Type("timestamp", (fraction,))


def instant(fraction: int = 3, zone: str = "utc") -> Type:
    """The type of instants: `zone` is `utc`, or `any` when the value carries a zone of its own."""
    return Type("timestamp with time zone", (fraction, zone))


def array(element: Type) -> Type:
    """The type of arrays of `element`."""
    return Type("array", (element,))


_ALIASES = {"int": "integer", "string": "varchar", "binary": "varbinary", "float": "real"}
_PLAIN = {
    "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varchar", "varbinary",
    "json", "date", "unknown", "interval day to second", "interval year to month",
}  # fmt: skip


@lru_cache(maxsize=512)
def parse_type(text: str) -> Type:
    """Read a type as Athena spells it in DDL, in CAST and in `information_schema`.

    A bare `timestamp` here is what an Iceberg column holds, six digits of fraction; in an expression it has
    three (`grammar.py` says so there).

    Args:
        text: For instance `decimal(38,0)`, `timestamp`, `array(varchar)`, `array<string>`.

    Returns:
        The type.

    Raises:
        ValueError: When it is no type that we carry.

    Example:
        >>> str(parse_type("decimal(38, 0)"))
        'decimal(38, 0)'
    """
    word = " ".join(text.lower().split())
    word = _ALIASES.get(word, word)
    if word in _PLAIN:
        return Type(word)
    for pattern, read in _COMPOSED:
        match = pattern.fullmatch(word)
        if match is not None:
            return read(match)
    raise ValueError(f"type {text} is not carried")


def _read_decimal(match: re.Match[str]) -> Type:
    return Type("decimal", tuple(int(part) if part.isdigit() else part for part in match.groups()))


def _read_timestamp(match: re.Match[str]) -> Type:
    fraction = match[1] or str(MAX_FRACTION)
    digits: Argument = int(fraction) if fraction.isdigit() else fraction
    if isinstance(digits, int) and digits > MAX_FRACTION:
        raise ValueError(f"type {match[0]}: a fraction of more than {MAX_FRACTION} digits is not carried")
    if match[2]:
        return Type("timestamp with time zone", (digits, match[3] or "utc"))
    return Type("timestamp", (digits,))


def _read_array(match: re.Match[str]) -> Type:
    return array(parse_type(next(part for part in match.groups() if part)))


_COMPOSED: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Type]], ...] = (
    (re.compile(r"varchar\(\w+\)"), lambda _: VARCHAR),
    (re.compile(r"decimal\((\w+), ?(\w+)\)"), _read_decimal),
    (re.compile(r"timestamp(?:\((\w+)\))?( with time zone(?: (\w+))?)?"), _read_timestamp),
    (re.compile(r"array ?\((.+)\)|array ?<(.+)>|(.+)\[\]"), _read_array),
    (re.compile(r"([a-z])"), lambda match: Type("variable", (match[1],))),
)


def as_decimal(kind: Type) -> Type:
    """The decimal type that an exact number turns into."""
    return decimal(_INTEGER_DIGITS[kind.name], 0) if kind.is_integer else kind


def _common_number(one: Type, other: Type) -> Type:
    names = {one.name, other.name}
    if "double" in names:
        return DOUBLE
    if "real" in names:
        return Type("real")
    if one.is_integer and other.is_integer:
        return max(one, other, key=lambda kind: INTEGERS.index(kind.name))
    left, right = as_decimal(one), as_decimal(other)
    scale = max(left.scale, right.scale)
    whole = max(left.precision - left.scale, right.precision - right.scale)
    return decimal(min(MAX_PRECISION, whole + scale), scale)


_CALENDAR = ("date", "timestamp", "timestamp with time zone")


def common(one: Type, other: Type) -> Type | None:
    """The type that both turn into without a cast, or None when Athena refuses to mix them.

    Example:
        >>> str(common(BIGINT, decimal(4, 2))), common(VARCHAR, INTEGER)
        ('decimal(21, 2)', None)
    """
    if other in (one, UNKNOWN):
        return one
    if one == UNKNOWN:
        return other
    if one.is_number and other.is_number:
        return _common_number(one, other)
    if one.name in _CALENDAR and other.name in _CALENDAR:
        return _common_time(one, other)
    if one.name == other.name == "array":
        element = common(one.element, other.element)
        return None if element is None else array(element)
    return None


def _common_time(one: Type, other: Type) -> Type:
    first, last = sorted((one, other), key=lambda kind: _CALENDAR.index(kind.name))
    if first.name == "date":
        return last
    fraction = max(first.precision, last.precision)
    if first.name == last.name == "timestamp":
        return timestamp(fraction)
    zones = {str(kind.args[1]) for kind in (first, last) if kind.name == "timestamp with time zone"}
    return instant(fraction, "utc" if zones == {"utc"} else "any")


def coercible(source: Type, target: Type) -> bool:
    """Whether a value of `source` may stand where `target` is asked for, with no cast written."""
    if target.name == "decimal" and source.is_exact:
        given = as_decimal(source)
        return given.scale <= target.scale and given.precision - given.scale <= target.precision - target.scale
    return common(source, target) == target
