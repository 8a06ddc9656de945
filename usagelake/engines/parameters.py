"""Parameters of SQL files: what a header declares, what a user types, what stands in the statement.

A value becomes a typed literal on the syntax tree, never a piece of text: `:start` declared as `timestamp`
becomes `TIMESTAMP '2025-05-01 00:00:00.000000'`, in UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, TypeAlias

from sqlglot import exp

from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

Value: TypeAlias = "str | int | bool | date | datetime | tuple[str, ...]"

TYPES = ("varchar", "bigint", "boolean", "date", "timestamp", "varchar[]")
"""The types that a parameter may have."""

_BIGINT = range(-(2**63), 2**63)
_MAX_FRACTION = 6
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that a SQL file declares.

    Args:
        name: Its name; `:name` in the statement.
        type: One of `TYPES`.
        default: Its value when none is given.
        optional: Whether it has a default.
        description: What it means.
    """

    name: str
    type: str
    default: Value | None = None
    optional: bool = False
    description: str = ""


def parse_parameter(parameter: Parameter, text: str) -> Value:
    """Read a value that a user has typed.

    Args:
        parameter: What is asked for.
        text: A text as it is; an integer; `true` or `false`; a day `2025-05-01` or a month `2025-05`, which
            is its first day; an instant `2025-05-01T12:00:00Z`, in UTC when it names no zone; for
            `varchar[]`, texts with commas between.

    Returns:
        The value, as `bind` takes it.

    Raises:
        ConfigurationError: The text is no such value.

    Example:
        >>> parse_parameter(Parameter("start", "timestamp"), "2025-05")
        datetime.datetime(2025, 5, 1, 0, 0)
    """
    if parameter.type == "varchar":
        return text
    if parameter.type == "varchar[]":
        return tuple(part.strip() for part in text.split(",")) if text.strip() else ()
    value = _parse(parameter.type, text.strip())
    if value is None:
        wanted = {
            "bigint": "an integer of 64 bits",
            "boolean": "true or false",
            "date": "a day such as 2025-05-01, or a month such as 2025-05",
            "timestamp": "an instant such as 2025-05-01T12:00:00Z, or a day, or a month such as 2025-05",
        }[parameter.type]
        raise ConfigurationError(f"parameter {parameter.name}: {text!r} is not {wanted}")
    return value


def _parse(kind: str, text: str) -> Value | None:
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower())
    if kind == "bigint":
        return int(text) if re.fullmatch(r"[+-]?\d{1,19}", text) and int(text) in _BIGINT else None
    if re.fullmatch(r"\d{4}-\d{2}", text):
        text += "-01"
    if not _INSTANT.fullmatch(text) or (kind == "date" and len(text) != len("2025-05-01")):
        return None
    try:
        return date.fromisoformat(text) if kind == "date" else _utc(datetime.fromisoformat(text))
    except ValueError:
        return None


def _utc(instant: datetime) -> datetime:
    """An instant as a wall-clock time in UTC; one without a zone is taken to be in UTC."""
    return instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)


def bind(
    tree: exp.Expression,
    params: Mapping[str, Parameter],
    values: Mapping[str, object] | None = None,
    *,
    origin: str = "query",
) -> exp.Expression:
    """Set the values of a statement's parameters.

    Args:
        tree: The statement; it is not changed.
        params: The parameters that it declares, by name.
        values: A value for each that has no default. Python types as declared: str, int, bool, date,
            datetime (one with a zone is converted to UTC), a list or tuple of str.
        origin: The statement's name, for messages.

    Returns:
        The statement with typed literals in the place of its parameters.

    Raises:
        ConfigurationError: A value is missing, is of another type, or belongs to no parameter; every fault
            is named.

    Example:
        >>> from usagelake.engines.dialect import parse_statement, to_athena
        >>> tree = parse_statement("SELECT * FROM t WHERE n = :n")
        >>> to_athena(bind(tree, {"n": Parameter("n", "bigint")}, {"n": 5}))
        "SELECT * FROM t WHERE n = CAST('5' AS BIGINT)"
    """
    literals = {
        name: _literals(params[name].type, value)
        for name, value in complete(params, values or {}, where=origin).items()
    }
    bound = tree.copy()
    for placeholder in list(bound.find_all(exp.Placeholder)):
        _replace(placeholder, params[placeholder.name].type, literals[placeholder.name])
    return bound


def _replace(placeholder: exp.Placeholder, kind: str, literals: list[exp.Expr]) -> None:
    if isinstance(placeholder.parent, (exp.Limit, exp.Offset, exp.Fetch)):
        placeholder.replace(exp.Literal.number(literals[0].name))  # Athena takes no CAST there
        return
    if kind != "varchar[]":
        placeholder.replace(literals[0].copy())
        return
    around = placeholder.parent
    if not isinstance(around, exp.In):
        raise ConfigurationError(f"parameter {placeholder.name} is a list: it stands in IN (:{placeholder.name})")
    if not literals and around.expressions == [placeholder]:
        around.replace(exp.false())
        return
    others = [each for each in around.expressions if each is not placeholder]
    around.set("expressions", [*others, *(literal.copy() for literal in literals)])


def complete(
    params: Mapping[str, Parameter], values: Mapping[str, object], *, where: str = "query"
) -> dict[str, Value]:
    """Check the values of a statement's parameters, and add the defaults.

    Args:
        params: The parameters that it declares, by name.
        values: A value for each that has no default. Python types as declared: str, int, bool, date,
            datetime (one with a zone is converted to UTC), a list or tuple of str.
        where: The statement's name, for messages.

    Returns:
        A value for each parameter; datetimes are in UTC and have no zone.

    Raises:
        ConfigurationError: A value is missing, is of another type, or belongs to no parameter; every fault
            is named.

    Example:
        >>> complete({"n": Parameter("n", "bigint", 5, optional=True)}, {})
        {'n': 5}
    """
    faults = [f"{where}: there is no parameter {name}" for name in sorted(values.keys() - params.keys())]
    found: dict[str, Value] = {}
    for name, parameter in params.items():
        if name not in values and not parameter.optional:
            faults.append(f"{where}: parameter {name} ({parameter.type}) has no value")
            continue
        value = values.get(name, parameter.default)
        checked = _checked(parameter.type, value)
        if checked is None:
            faults.append(f"{where}: parameter {name} must be {_PYTHON[parameter.type]}, not {value!r}")
        else:
            found[name] = checked
    if faults:
        raise ConfigurationError(faults)
    return found


_PYTHON = {
    "varchar": "a text",
    "bigint": "an int of 64 bits",
    "boolean": "a bool",
    "date": "a date",
    "timestamp": "a datetime",
    "varchar[]": "a list of texts",
}


def _checked(kind: str, value: object) -> Value | None:
    """A value of the declared type, or None when it is of another."""
    if kind == "varchar[]" and isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return tuple(value)
    if kind == "timestamp" and isinstance(value, datetime):
        return _utc(value)
    fits = {
        "varchar": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "bigint": isinstance(value, int) and not isinstance(value, bool) and value in _BIGINT,
        "date": isinstance(value, date) and not isinstance(value, datetime),
    }
    return value if fits.get(kind, False) else None  # type: ignore[return-value]


def _literals(kind: str, value: Value) -> list[exp.Expr]:
    """Write a value as typed literals; more than one only for a list."""
    if isinstance(value, tuple):
        return [exp.Literal.string(part) for part in value]
    if isinstance(value, bool):
        return [exp.Boolean(this=value)]
    if isinstance(value, datetime):
        return [_typed(value.isoformat(sep=" ", timespec="microseconds"), f"timestamp({_MAX_FRACTION})")]
    if isinstance(value, str):
        return [exp.Literal.string(value)]
    return [_typed(str(value), kind)]


def _typed(text: str, kind: str) -> exp.Expr:
    return exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build(kind, dialect="trino"))
