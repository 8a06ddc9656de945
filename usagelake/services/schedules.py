"""What a scheduled run works on: told by the time that it was scheduled for, never by the clock.

A scheduler calls at least once, late at times, and again after a failure. The time of the schedule is the same in each
of these calls, so each of them does the same work, and what the first has done costs the others a listing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from usagelake.domain.period import Period
from usagelake.errors import ConfigurationError
from usagelake.services.arrivals import Arrivals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usagelake.domain.environment import LakePlaces

OVERLAP = timedelta(hours=2)
"""How far an hourly run looks back: Firehose and shippers deliver within minutes, and now and then late. Each hour more
is a listing more for each prefix and run."""

SWEEP = timedelta(days=62)
"""How far a sweep looks back: the invoice window. What came later than any hourly run looked is found by it."""

LATE = timedelta(days=3)
"""For how long a period that is over has drafts: its last events come within 48 hours."""

_INSTANT = timedelta(microseconds=1)


class IngestJob(StrEnum):
    """What a run of ingest lists."""

    HOURLY = "hourly"
    """The last hours of the prefixes that the environment names."""
    SWEEP = "sweep"
    """Every prefix there is, over the whole invoice window."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One call of a scheduler.

    Attributes:
        job: What is to be done.
        time: What it was scheduled for, an aware datetime.
    """

    job: str
    time: datetime

    @classmethod
    def parse(cls, event: Mapping[str, object], *, jobs: tuple[str, ...]) -> Schedule:
        """Read what a scheduler sends: `{"job": "hourly", "scheduled_time": "2026-11-29T10:00:00Z"}`.

        Args:
            event: What came.
            jobs: The jobs that there are; the first one is meant when none is named.

        Raises:
            ConfigurationError: It is not that; every fault is named.
        """
        faults = []
        job = event.get("job", jobs[0])
        if job not in jobs:
            faults.append(f"the event's job is {job!r}: it is one of {', '.join(jobs)}")
        time = _instant(event.get("scheduled_time"))
        if time is None:
            faults.append(
                f"the event's scheduled_time is {event.get('scheduled_time')!r}: give an instant such as "
                "2026-11-29T10:00:00Z (the scheduler's <aws.scheduler.scheduled-time>)"
            )
        if faults or time is None:
            raise ConfigurationError(faults)
        return cls(str(job), time)


def arrivals_of(
    schedule: Schedule, places: LakePlaces, *, overlap: timedelta = OVERLAP, sweep: timedelta = SWEEP
) -> Arrivals:
    """Tell which hours of arrival a run of ingest lists.

    Args:
        schedule: The call.
        places: The landing's prefixes, and the first hour that it may hold.
        overlap: How far an hourly run looks back.
        sweep: How far a sweep looks back.
    """
    end = schedule.time + _INSTANT  # the hour that it falls into is listed, too
    if schedule.job == IngestJob.HOURLY:
        return Arrivals(schedule.time - overlap, end, places.prefixes)
    first = datetime.strptime(places.first_hour, "%Y/%m/%d/%H").replace(tzinfo=UTC)
    return Arrivals(max(schedule.time - sweep, first), end)


def periods_of(time: datetime, *, late: timedelta = LATE) -> tuple[Period, ...]:
    """Tell which periods are open: the month of a time, and before it the one before, for as long as events come.

    Args:
        time: When, an aware datetime.
        late: For how long after its end a period is still open.

    Example:
        >>> [period.name for period in periods_of(datetime(2026, 12, 2, 4, tzinfo=UTC))]
        ['2026-11', '2026-12']
    """
    earlier, now = (instant.astimezone(UTC) for instant in (time - late, time))
    found = [Period(earlier.year, earlier.month), Period(now.year, now.month)]
    return tuple(dict.fromkeys(found))


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if found.tzinfo is None else found.astimezone(UTC)
