"""Landing keys: where an object lies, what it holds, and about when it came.

A key's time is arrival or flush time, never event time, and a file's name says nothing: both layouts that
writers use are read by their folders alone.

* the Data API's contract: `<event_type>/YYYY/MM/DD/HH/MM/<uuid>.jsonl`
* Firehose, and what the Data API shipped: `<prefix>/YYYY/MM/DD/HH/MM/<name>.jsonl[.gz]`
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

ACCESS_LOG_FOLDER: Final = "apigw_access"
"""The folder that tells access logs from billing events."""

_SUFFIXES: Final = (".jsonl", ".jsonl.gz")
_HIDDEN: Final = (".", "_")
_KEY: Final = re.compile(
    r"(?:(?P<prefix>.+)/)?(?P<minute>[0-9]{4}/[0-9]{2}/[0-9]{2}/[0-9]{2}/[0-9]{2})/(?P<name>[^/]+)", re.DOTALL
)


class Source(StrEnum):
    """What a landing object holds; the value is the name of the table that takes its lines."""

    API_REQUESTS = "api_requests"
    BILLING_EVENTS = "billing_events"


@dataclass(frozen=True, slots=True)
class LandingKey:
    """The key of a landing object that follows one of the two layouts.

    Attributes:
        prefix: The folders before the time: an event type, or whatever a writer was told; may be empty.
        arrival: The UTC minute of the folders, an aware datetime.
        name: The file's name, which nothing is read from.
    """

    prefix: str
    arrival: datetime
    name: str

    @classmethod
    def parse(cls, key: str) -> LandingKey | None:
        """Read a key, relative to the landing's root.

        Returns:
            None when the key follows neither layout, or its folders are no real minute.

        Example:
            >>> LandingKey.parse("data-api/2015/05/17/23/05/a.jsonl").arrival.isoformat()
            '2015-05-17T23:05:00+00:00'
        """
        match = _KEY.fullmatch(key)
        if match is None:
            return None
        year, month, day, hour, minute = (int(digits) for digits in match["minute"].split("/"))
        try:
            arrival = datetime(year, month, day, hour, minute, tzinfo=UTC)
        except ValueError:
            return None
        return cls(match["prefix"] or "", arrival, match["name"])

    def render(self) -> str:
        """Write the key, relative to the landing's root; `parse` reads it back.

        Example:
            >>> LandingKey("tokens", datetime(2015, 5, 1, tzinfo=UTC), "a.jsonl").render()
            'tokens/2015/05/01/00/00/a.jsonl'
        """
        arrival = self.arrival.astimezone(UTC)
        minute = f"{arrival:%m/%d/%H/%M}"
        prefix = f"{self.prefix}/" if self.prefix else ""
        return f"{prefix}{arrival.year:04}/{minute}/{self.name}"


def source_of(key: str) -> Source:
    """Tell what an object holds: access-log lines when a folder of its key is `apigw_access`.

    Args:
        key: The key, relative to the landing's root.

    Example:
        >>> source_of("apigw_access/2015/05/17/23/05/a.jsonl").value
        'api_requests'
    """
    folders = key.split("/")[:-1]
    return Source.API_REQUESTS if ACCESS_LOG_FOLDER in folders else Source.BILLING_EVENTS


def arrival_minute(key: str) -> datetime | None:
    """Tell when an object came, by its folders: a hint for the order of work, never a time of use.

    Returns:
        An aware datetime in UTC, or None when the key does not tell.
    """
    parsed = LandingKey.parse(key)
    return None if parsed is None else parsed.arrival


def is_landing_object(key: str) -> bool:
    """Tell whether an object of the landing is read: NDJSON by its name, and not hidden.

    Writers and engines keep their own files in folders and under names that start with `.` or `_`
    (`_SUCCESS`, `.part`), as Hive has it.

    Args:
        key: The key, relative to the landing's root.

    Example:
        >>> is_landing_object("tokens/2015/05/01/00/00/a.jsonl.gz"), is_landing_object("tokens/_tmp/a.jsonl")
        (True, False)
    """
    return key.endswith(_SUFFIXES) and not any(part.startswith(_HIDDEN) for part in key.split("/"))
