"""A value as Athena writes it into a result, and the CSV file of a result."""

from __future__ import annotations

import math
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def shown(value: Any, kind: str) -> str | None:  # noqa: PLR0911
    """Write one value; None is NULL.

    Args:
        value: What DuckDB gave.
        kind: Its Athena type.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _java_double(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return _timestamp(value, kind)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return value.hex(" ")
    if isinstance(value, (list, tuple)):
        inner = kind[len("array(") : -1] if kind.startswith("array(") else ""
        return f"[{', '.join(shown(each, inner) or 'null' for each in value)}]"
    return str(value)


def csv_text(names: Sequence[str], rows: Iterable[Sequence[str | None]]) -> bytes:
    """Write a result's file: every value in quotes, and nothing at all for NULL."""
    lines = [",".join(map(_quoted, names)), *(",".join(map(_quoted, row)) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def _quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def _timestamp(value: datetime, kind: str) -> str:
    digits = int(kind[len("timestamp(")]) if kind.startswith("timestamp(") else 3
    text = value.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    text = text[: 20 + digits] if digits else text[:19]
    return f"{text} UTC" if kind.endswith("zone") else text


def _java_double(value: float) -> str:
    """As Java's Double.toString does: an exponent below 0.001 and from ten million on."""
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return format(Decimal(repr(value)), "f") if value else repr(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int)
    power = len(digits) + exponent - 1
    fraction = "".join(map(str, digits[1:])).rstrip("0") or "0"
    return f"{'-' if sign else ''}{digits[0]}.{fraction}E{power}"
