"""Durations and instants, as users write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Final

import click

_SECONDS: Final = {
    "ms": Fraction(1, 1000), "s": Fraction(1), "m": Fraction(60), "h": Fraction(3600), "d": Fraction(86_400)
}  # fmt: skip
_PART: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)")
_DURATION: Final = re.compile(rf"(?:{_PART.pattern})+")
_INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ].*(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")


def duration(text: str) -> Fraction:
    """Read an option's value: a number of seconds, exactly, from texts such as `90s`, `15m`, `1h30m`, `2d`."""
    seconds = parse_duration(text)
    if seconds is None:
        raise click.BadParameter(f"{text!r} is no duration; write it as 90s, 15m, 6h or 2d")
    return seconds


def instant(text: str) -> datetime:
    """Read an option's value: a moment, from RFC 3339 with its offset, or from a date: its first moment in UTC."""
    try:
        if _INSTANT.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
        day = date.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        message = f"{text!r} is no instant; write it as 2025-10-05T12:00:00Z or 2025-10-05"
        raise click.BadParameter(message) from error
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def parse_duration(text: str) -> Fraction | None:
    """Read a duration in seconds; None when the text is none.

    >>> parse_duration("1h30m")
    Fraction(5400, 1)
    """
    if not _DURATION.fullmatch(text):
        return None
    parts = [Fraction(number) * _SECONDS[unit] for number, unit in _PART.findall(text)]
    return sum(parts, Fraction(0))


def format_duration(seconds: Fraction) -> str:
    """Write a duration for people: its two largest units, rounded up.

    >>> format_duration(Fraction(5401))
    '1h31m'
    """
    whole = -(-seconds // 1)
    for name, size, below_name, below in (("d", 86_400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= size:
            rounded = -(-whole // below) * below
            rest = rounded % size // below
            return f"{rounded // size}{name}{rest}{below_name}" if rest else f"{rounded // size}{name}"
    return f"{whole}s"
