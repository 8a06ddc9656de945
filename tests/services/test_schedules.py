"""What a scheduler's call is read as."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usagelake.domain.environment import LakePlaces
from usagelake.errors import ConfigurationError
from usagelake.services.arrivals import Arrivals, folders
from usagelake.services.schedules import IngestJob, Schedule, arrivals_of, periods_of

PLACES = LakePlaces(
    database="usage_dev",
    tables="s3://lake/tables",
    landing="s3://landing",
    prefixes=("a",),
    first_hour="2026/01/01/00",
    workgroup="usage-dev-pipeline",
    work="s3://lake/work",
    pricing="s3://lake/pricing",
    drafts="s3://lake/drafts",
)
JOBS = tuple(IngestJob)
times = st.datetimes(datetime(2026, 2, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_a_call_is_read() -> None:
    """A job that is not named is the first; an instant with another offset is the same instant."""
    read = Schedule.parse({"job": "sweep", "scheduled_time": "2026-11-29T11:00:00+01:00"}, jobs=JOBS)
    assert read == Schedule("sweep", datetime(2026, 11, 29, 10, tzinfo=UTC))
    assert Schedule.parse({"scheduled_time": "2026-11-29T10:00:00Z"}, jobs=JOBS).job == "hourly"


@pytest.mark.parametrize(
    ("event", "faults"),
    [
        ({}, ["scheduled_time is None"]),
        ({"scheduled_time": "<aws.scheduler.scheduled-time>"}, ["scheduled_time is '<aws"]),
        ({"scheduled_time": "2026-11-29T10:00:00"}, ["scheduled_time is '2026-11-29T10:00:00'"]),
        ({"scheduled_time": 5}, ["scheduled_time is 5"]),
        ({"job": "daily", "scheduled_time": 5}, ["job is 'daily': it is one of hourly, sweep", "scheduled_time is 5"]),
    ],
)
def test_what_is_no_call(event: dict[str, object], faults: list[str]) -> None:
    """Every fault is named, with what to send."""
    with pytest.raises(ConfigurationError) as refused:
        Schedule.parse(event, jobs=JOBS)
    assert len(refused.value.faults) == len(faults)
    for said, expected in zip(refused.value.faults, faults, strict=True):
        assert expected in said


@given(time=times)
def test_hourly_runs_leave_no_hour_out(time: datetime) -> None:
    """An hour is listed by the run within it and by those after it, until the overlap ends."""
    hour = time.replace(minute=0, second=0, microsecond=0)
    listed = [
        f"{hour:%Y/%m/%d/%H}" in folders(_hourly(hour + timedelta(hours=later, minutes=5))) for later in range(-1, 6)
    ]
    assert listed == [False, True, True, True, False, False, False]


def _hourly(time: datetime) -> Arrivals:
    return arrivals_of(Schedule("hourly", time), PLACES)


@given(time=times)
def test_a_sweep_begins_no_earlier_than_the_landing(time: datetime) -> None:
    """And lists every prefix."""
    found = arrivals_of(Schedule("sweep", time), PLACES)
    assert found.prefixes is None
    assert found.start == max(time - timedelta(days=62), datetime(2026, 1, 1, tzinfo=UTC))
    assert found.end > time


@given(time=times)
def test_open_periods(time: datetime) -> None:
    """The month that it is, and for three days the one before it."""
    names = [period.name for period in periods_of(time)]
    assert names[-1] == f"{time:%Y-%m}"
    assert len(names) == (
        2 if time < time.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(3) else 1
    )
