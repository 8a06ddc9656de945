"""Periods: calendar months in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usagelake.domain.period import Period, format_instant, utc_day
from usagelake.errors import ConfigurationError


@pytest.mark.parametrize(
    ("name", "start", "end", "hours"),
    [
        ("2015-05", datetime(2015, 5, 1, tzinfo=UTC), datetime(2015, 6, 1, tzinfo=UTC), 744),
        ("2015-12", datetime(2015, 12, 1, tzinfo=UTC), datetime(2016, 1, 1, tzinfo=UTC), 744),
        ("2015-11", datetime(2015, 11, 1, tzinfo=UTC), datetime(2015, 12, 1, tzinfo=UTC), 720),
        ("2015-02", datetime(2015, 2, 1, tzinfo=UTC), datetime(2015, 3, 1, tzinfo=UTC), 672),
        ("2016-02", datetime(2016, 2, 1, tzinfo=UTC), datetime(2016, 3, 1, tzinfo=UTC), 696),
        ("0001-01", datetime(1, 1, 1, tzinfo=UTC), datetime(1, 2, 1, tzinfo=UTC), 744),
        ("9999-11", datetime(9999, 11, 1, tzinfo=UTC), datetime(9999, 12, 1, tzinfo=UTC), 720),
    ],
)
def test_a_period_is_a_month(name: str, start: datetime, end: datetime, hours: int) -> None:
    period = Period.parse(name)
    assert (period.start, period.end, period.hours) == (start, end, hours)
    assert period.name == str(period) == name
    assert period.start.tzinfo is period.end.tzinfo is UTC


@given(st.dates(min_value=date(1, 1, 1), max_value=date(9999, 11, 30)))
def test_every_day_falls_into_its_month(day: date) -> None:
    period = Period(day.year, day.month)
    assert Period.parse(period.name) == period
    assert period.contains(datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "2026-13",
        "2026-00",
        "2026",
        "2026-1",
        "26-01",
        "2026-01-01",
        "2026/01",
        " 2026-01",
        "2026-01\n",
        "",
        "0000-01",
        "9999-12",
        "\u0662\u0660\u0662\u0666-\u0660\u0661",
        "-001-01",
        "May 2015",
    ],
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^period .*write (it as YYYY-MM|a month)") as refused:
        Period.parse(text)
    assert len(refused.value.faults) == 1


def test_the_message_names_the_month_that_does_not_exist() -> None:
    with pytest.raises(ConfigurationError, match=r"period 2026-13: month 13 does not exist"):
        Period.parse("2026-13")


def test_a_period_has_its_first_instant_and_not_its_last() -> None:
    period = Period.parse("2015-05")
    assert period.contains(period.start)
    assert not period.contains(period.end)
    assert not period.contains(period.start - timedelta(microseconds=1))
    assert period.contains(period.end - timedelta(microseconds=1))


def test_an_instant_of_another_zone_is_compared_in_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    midnight_in_tokyo = datetime(2015, 5, 1, tzinfo=tokyo)
    assert not Period.parse("2015-05").contains(midnight_in_tokyo)
    assert utc_day(midnight_in_tokyo) == date(2015, 4, 30)
    assert format_instant(midnight_in_tokyo) == "2015-04-30T15:00:00Z"


def test_an_instant_without_a_zone_is_refused() -> None:
    """Local time passed off as UTC would move usage into another month."""
    naive = datetime(2015, 5, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="no time zone"):
        utc_day(naive)
    with pytest.raises(ValueError, match="no time zone"):
        format_instant(naive)
    with pytest.raises(TypeError):
        Period.parse("2015-05").contains(naive)


def test_periods_sort_by_time() -> None:
    names = ["2015-10", "2014-12", "2015-02"]
    assert sorted(map(Period.parse, names)) == list(map(Period.parse, sorted(names)))


def test_an_instant_keeps_its_fraction() -> None:
    assert format_instant(datetime(2015, 5, 1, 1, 2, 3, 40, tzinfo=UTC)) == "2015-05-01T01:02:03.000040Z"
