"""Which part of a landing is listed: all of it, or what has arrived within some hours.

Writers put an object into a folder of the minute at which it was flushed, so listing the folders of a few hours finds
what is new without listing years. Such a time only narrows the listing: it is never a time of use, and an object that
comes later than expected is found by a sweep over the whole retention window.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from usagelake.domain.period import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from usagelake.storage import ObjectInfo, Storage

LISTED_AT_ONCE = 8
"""How many folders are listed at the same time: a listing is a request that waits for its answer."""

DEEPEST_PREFIX = 4
"""How many folders may stand before the year of a landing key, for a sweep to find them."""

_DAY = timedelta(days=1)
_YEAR = re.compile(r"\d{4}")
_HIDDEN = (".", "_")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The hours whose folders are listed.

    Args:
        start: The first hour, an aware datetime; what is below the hour is cut off.
        end: The end, exclusive: an hour that it falls into is listed whole.
        prefixes: The landing prefixes that are listed; None for every one that the landing has.
    """

    start: datetime
    end: datetime
    prefixes: tuple[str, ...] | None = None

    @property
    def first_folder(self) -> str:
        """The folder of the first hour, such as `2026/11/29/09`."""
        return _folder(_hour(self.start))

    @property
    def last_folder(self) -> str:
        """The folder of the last hour."""
        return _folder(_hour(self.end - timedelta(microseconds=1)))


def folders(arrivals: Arrivals) -> Iterator[str]:
    """Name the folders that hold the hours: whole days as one, in order.

    Example:
        >>> start = datetime(2026, 11, 28, 22, tzinfo=UTC)
        >>> list(folders(Arrivals(start, start + timedelta(hours=27))))
        ['2026/11/28/22', '2026/11/28/23', '2026/11/29', '2026/11/30/00']
    """
    hour = _hour(arrivals.start)
    while hour < arrivals.end:
        if hour.hour == 0 and hour + _DAY <= arrivals.end:
            yield _folder(hour)[: len("2026/11/29")]
            hour += _DAY
        else:
            yield _folder(hour)
            hour += HOUR


def list_arrivals(storage: Storage, arrivals: Arrivals) -> Iterator[ObjectInfo]:
    """List what lies in the folders of some hours, prefix by prefix.

    Raises:
        StorageError: The landing cannot be listed.
    """
    prefixes = landing_prefixes(storage) if arrivals.prefixes is None else arrivals.prefixes
    below = [f"{prefix}/{folder}" if prefix else folder for prefix in prefixes for folder in folders(arrivals)]
    with ThreadPoolExecutor(LISTED_AT_ONCE, thread_name_prefix="listing") as threads:
        for found in threads.map(lambda folder: list(storage.list(below=folder)), below):
            yield from found


def landing_prefixes(storage: Storage) -> tuple[str, ...]:
    """Find the prefixes of a landing: the folders that hold a year. A new writer's is found without being told.

    Raises:
        StorageError: The landing cannot be listed.
    """
    found: list[str] = []
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        names = [name for name in storage.folders(below=prefix) if not name.startswith(_HIDDEN)]
        if any(_YEAR.fullmatch(name) for name in names):
            found.append(prefix)
        if prefix.count("/") < DEEPEST_PREFIX - 1:
            waiting.extend(f"{prefix}/{name}" if prefix else name for name in names if not _YEAR.fullmatch(name))
    return tuple(sorted(found))


def in_windows(start: datetime, end: datetime, step: timedelta, prefixes: Iterable[str] | None) -> Iterator[Arrivals]:
    """Cut a span of time into windows that are worked on one by one; the last may be shorter."""
    chosen = None if prefixes is None else tuple(prefixes)
    while start < end:
        following = min(start + step, end)
        yield Arrivals(start, following, chosen)
        start = following


def _hour(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _folder(hour: datetime) -> str:
    return f"{hour.year:04}/{hour:%m/%d/%H}"
