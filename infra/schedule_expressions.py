"""What a schedule says, as EventBridge Scheduler writes it: how far apart its times are.

Source: "Schedule types in EventBridge Scheduler". Times are UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from usagelake.errors import ConfigurationError

MINUTES_A_DAY = 24 * 60

_UNITS = {"minute": 1, "hour": 60, "day": MINUTES_A_DAY}
_RATE = re.compile(r"rate\((?P<value>[1-9][0-9]*) (?P<unit>minute|hour|day)(?P<plural>s?)\)")
_CRON = re.compile(r"cron\((?P<fields>[^()]*)\)")
_FIELDS = ("minutes", "hours", "day of month", "month", "day of week", "year")
_PART = re.compile(r"(?P<from>\*|[0-9]+)(-(?P<to>[0-9]+))?(/(?P<step>[1-9][0-9]*))?")
_DAY_FIELDS = (
    re.compile(r"\?|[0-9LW*][0-9LW,*/-]*"),
    re.compile(r"[0-9A-Z*][0-9A-Z,*/-]*"),
    re.compile(r"\?|[0-9A-Z*][0-9A-Z,*/#-]*"),
    re.compile(r"[0-9*][0-9,*/-]*"),
)


@dataclass(frozen=True)
class Gaps:
    """How far apart two times in a row are.

    Attributes:
        shortest: The least, in minutes.
        longest: The most, in minutes; None when there are days without one.
    """

    shortest: int
    longest: int | None


def gaps_of(expression: str) -> Gaps:
    """Tell how far apart the times of a schedule are.

    Args:
        expression: `rate(1 hour)` or `cron(10 * * * ? *)`.

    Raises:
        ConfigurationError: It is neither.

    Example:
        >>> gaps_of("cron(10,40 8-17 ? * MON-FRI *)")
        Gaps(shortest=30, longest=None)
        >>> gaps_of("cron(10 3 * * ? *)").longest
        1440
    """
    rate = _RATE.fullmatch(expression)
    if rate is not None:
        if (rate["value"] == "1") is bool(rate["plural"]):
            raise ConfigurationError("write `1 hour` and `2 hours`")
        minutes = int(rate["value"]) * _UNITS[rate["unit"]]
        return Gaps(minutes, minutes)
    cron = _CRON.fullmatch(expression)
    if cron is None:
        raise ConfigurationError("it is neither `rate(1 hour)` nor `cron(10 * * * ? *)`")
    return _cron_gaps(cron["fields"].split())


def _cron_gaps(fields: list[str]) -> Gaps:
    if len(fields) != len(_FIELDS):
        raise ConfigurationError(f"a cron has {len(_FIELDS)} fields ({', '.join(_FIELDS)}), not {len(fields)}")
    minutes = _times(fields[0], "minutes", 59)
    hours = _times(fields[1], "hours", 23)
    days = fields[2:]
    for name, field, form in zip(_FIELDS[2:], days, _DAY_FIELDS, strict=True):
        if not form.fullmatch(field):
            raise ConfigurationError(f"{field!r} is no {name}")
    if (days[0] == "?") is (days[2] == "?"):
        raise ConfigurationError("one of day of month and day of week must be `?`, and the other not")
    times = sorted(60 * hour + minute for hour in hours for minute in minutes)
    gaps = [later - earlier for earlier, later in pairwise([*times, times[0] + MINUTES_A_DAY])]
    every_day = all(field in ("*", "?") for field in days)
    return Gaps(min(gaps), max(gaps) if every_day else None)


def _times(field: str, name: str, greatest: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        parsed = _PART.fullmatch(part)
        if parsed is None:
            raise ConfigurationError(f"{field!r} is no {name}")
        first = 0 if parsed["from"] == "*" else int(parsed["from"])
        alone = parsed["from"] != "*" and parsed["step"] is None
        last = int(parsed["to"]) if parsed["to"] is not None else (first if alone else greatest)
        if not first <= last <= greatest:
            raise ConfigurationError(f"{field!r} is no {name}: they are 0 to {greatest}")
        found.update(range(first, last + 1, int(parsed["step"] or 1)))
    return found
