"""The billing period: one calendar month in UTC, and how instants of it are written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from usagelake.errors import ConfigurationError

HOUR = timedelta(hours=1)

_NAME = re.compile(r"([0-9]{4})-([0-9]{2})")
_LAST_MONTH = (9999, 11)  # the end of 9999-12 is no instant that datetime knows
_MONTHS = 12


def utc_day(instant: datetime) -> date:
    """Tell the UTC day that an instant falls on: the grain of price versions and assignments.

    Raises:
        ValueError: The instant has no time zone, so nobody knows which day it is.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; give an aware datetime")
    return instant.astimezone(UTC).date()


def start_of_day(day: date) -> datetime:
    """Give the first instant of a day in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def format_instant(instant: datetime) -> str:
    """Write an instant as RFC 3339 in UTC, with ``Z``, and with a fraction only where it has one.

    Raises:
        ValueError: The instant has no time zone.

    >>> format_instant(datetime(2015, 5, 1, tzinfo=UTC))
    '2015-05-01T00:00:00Z'
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; give an aware datetime")
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A calendar month in UTC: the hours of ``[start, end)``.

    Args:
        year: 1 to 9999.
        month: 1 to 12.

    Raises:
        ConfigurationError: There is no such month.

    >>> Period.parse("2015-05").hours
    744
    """

    year: int
    month: int

    def __post_init__(self) -> None:
        if not 1 <= self.month <= _MONTHS:
            raise ConfigurationError(
                f"period {self.name}: month {self.month:02} does not exist; write a month from 01 to 12"
            )
        if not (1, 1) <= (self.year, self.month) <= _LAST_MONTH:
            raise ConfigurationError(f"period {self.name}: write a month from 0001-01 to 9999-11")

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read a period as users write it: ``YYYY-MM``.

        Raises:
            ConfigurationError: The text is not of that form, or there is no such month.
        """
        match = _NAME.fullmatch(text)
        if match is None:
            raise ConfigurationError(f"period {text!r} is not a month; write it as YYYY-MM, such as 2015-05")
        return cls(int(match[1]), int(match[2]))

    @property
    def name(self) -> str:
        """The month as users write it, such as ``2015-05``."""
        return f"{self.year:04}-{self.month:02}"

    @property
    def start(self) -> datetime:
        """The first instant of the period."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first instant after the period."""
        after = self.month + 1
        return datetime(self.year + after // (_MONTHS + 1), (after - 1) % _MONTHS + 1, 1, tzinfo=UTC)

    @property
    def hours(self) -> int:
        """How many hours the period has: 672 to 744."""
        return (self.end - self.start) // HOUR

    def contains(self, instant: datetime) -> bool:
        """Tell whether an aware instant falls into the period."""
        return self.start <= instant < self.end

    def __str__(self) -> str:
        return self.name
