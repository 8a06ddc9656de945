"""Dates, times and intervals: what Trino documents, or its source does, is what DuckDB gives."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.engines.dialect import RefusalError

if TYPE_CHECKING:
    from conftest import Athena

DATETIME = "functions/datetime.html"
JODA = "Joda-Time, BasicMonthOfYearDateTimeField and BasicChronology.getYearDifference"
CAST = "io.trino.operator.scalar.timestamp"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


CASES: list[tuple[str, Any, str]] = [
    # truncation keeps the type
    ("date_trunc('month', DATE '2024-02-29')", date(2024, 2, 1), DATETIME),
    ("date_trunc('week', DATE '2024-02-29')", date(2024, 2, 26), DATETIME),
    ("date_trunc('quarter', DATE '2024-05-29')", date(2024, 4, 1), DATETIME),
    ("date_trunc('hour', TIMESTAMP '2024-02-29 12:34:56.789')", at("2024-02-29 12:00"), DATETIME),
    ("date_trunc('minute', TIMESTAMP '1969-12-31 23:59:59.999')", at("1969-12-31 23:59"), DATETIME),
    ("date_trunc('day', TIMESTAMP '2024-02-29 12:34:56.789')", at("2024-02-29"), DATETIME),
    ("date_trunc('year', TIMESTAMP '2024-02-29 12:34:56')", at("2024-01-01"), DATETIME),
    # intervals: a date stays a date, a month clamps to its end
    ("DATE '2024-01-31' + INTERVAL '1' MONTH", date(2024, 2, 29), DATETIME),
    ("DATE '2024-03-31' - INTERVAL '1' MONTH", date(2024, 2, 29), DATETIME),
    ("DATE '2024-02-28' + INTERVAL '2' DAY", date(2024, 3, 1), DATETIME),
    ("DATE '2024-02-29' + INTERVAL '1' YEAR", date(2025, 2, 28), DATETIME),
    ("INTERVAL '1' DAY + DATE '2024-02-28'", date(2024, 2, 29), DATETIME),
    ("TIMESTAMP '2024-02-29 00:00:00' - INTERVAL '1' SECOND", at("2024-02-28 23:59:59"), DATETIME),
    ("TIMESTAMP '2024-02-29 00:00:00' + 3 * INTERVAL '2' HOUR", at("2024-02-29 06:00"), DATETIME),
    ("DATE '2024-02-29' + INTERVAL '-1' DAY", date(2024, 2, 28), DATETIME),
    # date_add
    ("date_add('month', 1, DATE '2024-01-31')", date(2024, 2, 29), DATETIME),
    ("date_add('day', -1, DATE '2024-03-01')", date(2024, 2, 29), DATETIME),
    ("date_add('week', 2, DATE '2024-03-01')", date(2024, 3, 15), DATETIME),
    ("date_add('hour', -25, TIMESTAMP '2024-03-01 00:00:00')", at("2024-02-28 23:00"), DATETIME),
    ("date_add('quarter', 1, TIMESTAMP '2024-11-30 01:00:00')", at("2025-02-28 01:00"), DATETIME),
    (
        "date_add('millisecond', BIGINT '253402300799999', TIMESTAMP '1970-01-01 00:00:00.000')",
        at("9999-12-31 23:59:59.999"),
        DATETIME,
    ),
    ("date_add('millisecond', -1, TIMESTAMP '1970-01-01 00:00:00.000')", at("1969-12-31 23:59:59.999"), DATETIME),
    # date_diff counts units that have elapsed whole
    ("date_diff('day', DATE '2024-02-28', DATE '2024-03-01')", 2, DATETIME),
    ("date_diff('day', TIMESTAMP '2024-01-01 23:00:00', TIMESTAMP '2024-01-02 22:59:59')", 0, DATETIME),
    ("date_diff('hour', TIMESTAMP '2024-01-01 00:59:59', TIMESTAMP '2024-01-01 01:00:00')", 0, DATETIME),
    ("date_diff('hour', TIMESTAMP '2024-01-01 02:00:00', TIMESTAMP '2024-01-01 00:59:59')", -1, DATETIME),
    ("date_diff('second', TIMESTAMP '2024-01-01 00:00:00.999', TIMESTAMP '2024-01-01 00:00:01.998')", 0, DATETIME),
    ("date_diff('second', TIMESTAMP '2024-01-01 00:00:00.000999', TIMESTAMP '2024-01-01 00:00:01.000001')", 1, CAST),
    ("date_diff('week', DATE '2024-01-01', DATE '2024-01-14')", 1, DATETIME),
    ("date_diff('month', DATE '2024-01-31', DATE '2024-02-29')", 1, JODA),
    ("date_diff('month', DATE '2024-01-31', DATE '2024-03-30')", 1, JODA),
    ("date_diff('month', DATE '2024-02-29', DATE '2024-01-31')", -1, JODA),
    ("date_diff('month', DATE '2024-01-15', DATE '2024-02-14')", 0, JODA),
    ("date_diff('quarter', DATE '2024-01-15', DATE '2024-07-14')", 1, JODA),
    ("date_diff('year', DATE '2024-02-29', DATE '2025-02-28')", 1, JODA),
    ("date_diff('year', DATE '2023-03-01', DATE '2024-02-29')", 0, JODA),
    ("date_diff('month', TIMESTAMP '2024-01-31 10:00:00', TIMESTAMP '2024-02-29 09:00:00')", 0, JODA),
    ("date_diff('day', DATE '2024-01-01', TIMESTAMP '2024-01-02 12:00:00')", 1, DATETIME),
    # fields
    ("year(DATE '2024-02-29')", 2024, DATETIME),
    ("month(TIMESTAMP '2024-02-29 01:02:03')", 2, DATETIME),
    ("day(DATE '2024-02-29')", 29, DATETIME),
    ("hour(TIMESTAMP '2024-02-29 13:02:03')", 13, DATETIME),
    ("minute(TIMESTAMP '2024-02-29 13:02:03')", 2, DATETIME),
    ("second(TIMESTAMP '2024-02-29 13:02:03.999')", 3, DATETIME),
    ("millisecond(TIMESTAMP '2024-02-29 13:02:03.987')", 987, DATETIME),
    ("day_of_week(DATE '2024-03-03')", 7, DATETIME),
    ("day_of_week(DATE '2024-03-04')", 1, DATETIME),
    ("day_of_year(DATE '2024-12-31')", 366, DATETIME),
    ("week(DATE '2024-12-30')", 1, DATETIME),
    ("year_of_week(DATE '2024-12-30')", 2025, DATETIME),
    ("quarter(DATE '2024-12-30')", 4, DATETIME),
    ("EXTRACT(HOUR FROM TIMESTAMP '2024-02-29 13:02:03')", 13, DATETIME),
    ("EXTRACT(DOW FROM DATE '2024-03-03')", 7, DATETIME),
    ("last_day_of_month(DATE '2024-02-03')", date(2024, 2, 29), DATETIME),
    ("date(TIMESTAMP '2024-02-29 23:59:59')", date(2024, 2, 29), DATETIME),
    ("date('2024-02-29')", date(2024, 2, 29), DATETIME),
    # instants are UTC
    ("CAST(from_unixtime(1709210096.789e0) AS timestamp)", at("2024-02-29 12:34:56.789"), DATETIME),
    ("CAST(from_unixtime(0) AS date)", date(1970, 1, 1), DATETIME),
    ("CAST(from_unixtime(-1) AS timestamp)", at("1969-12-31 23:59:59"), DATETIME),
    ("to_unixtime(TIMESTAMP '1970-01-01 00:00:01.500')", 1.5, DATETIME),
    ("to_unixtime(from_iso8601_timestamp('1970-01-01T01:00:00+01:00'))", 0.0, DATETIME),
    ("CAST(from_iso8601_timestamp('2024-02-29T12:34:56.789Z') AT TIME ZONE 'UTC' AS timestamp(3))",
     at("2024-02-29 12:34:56.789"), DATETIME),
    ("CAST(at_timezone(from_iso8601_timestamp('2024-02-29T00:30:00+05:30'), 'UTC') AS timestamp)",
     at("2024-02-28 19:00"), DATETIME),
    ("from_iso8601_timestamp('2024-01-01T00:00:00Z') = from_iso8601_timestamp('2024-01-01T01:00:00+01:00')",
     True, DATETIME),
    ("hour(from_unixtime(3600))", 1, DATETIME),
    ("from_iso8601_date('2024-02-29')", date(2024, 2, 29), DATETIME),
    # formats
    ("to_iso8601(DATE '2024-02-29')", "2024-02-29", DATETIME),
    ("to_iso8601(TIMESTAMP '2024-02-29 01:02:03.400')", "2024-02-29T01:02:03.400", DATETIME),
    ("to_iso8601(from_unixtime(0))", "1970-01-01T00:00:00.000Z", DATETIME),
    ("date_format(TIMESTAMP '2024-02-09 13:02:03.456', '%Y-%m-%d %H:%i:%s')", "2024-02-09 13:02:03", DATETIME),
    ("date_format(TIMESTAMP '2024-02-09 13:02:03.456', '%M %e %h %p %f %%')", "February 9 01 PM 456000 %", DATETIME),
    ("date_format(DATE '2024-02-09', '%a %b')", "Fri Feb", DATETIME),
    ("format_datetime(TIMESTAMP '2024-02-09 13:02:03.456', 'yyyy-MM-dd''T''HH:mm:ss.SSS')",
     "2024-02-09T13:02:03.456", DATETIME),
    ("format_datetime(TIMESTAMP '2024-02-09 13:02:03', 'EEE d MMM yy')", "Fri 9 Feb 24", DATETIME),
    # comparisons
    ("DATE '2024-02-29' < TIMESTAMP '2024-02-29 00:00:01'", True, DATETIME),
    ("TIMESTAMP '2024-02-29 00:00:00' BETWEEN DATE '2024-02-29' AND DATE '2024-03-01'", True, DATETIME),
    ("sequence(DATE '2024-02-28', DATE '2024-03-01', INTERVAL '1' DAY)",
     [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)], "functions/array.html"),
]  # fmt: skip

REFUSED = [
    ("TIMESTAMP '2024-01-01 00:00:00' > '2023-01-01'", "cast one side"),
    ("DATE '2024-01-01' + 1", "not carried"),
    ("DATE '2024-01-02' - DATE '2024-01-01'", "date_diff"),
    ("DATE '2024-01-01' + INTERVAL '1' HOUR", "cast it to timestamp first"),
    ("date_trunc('hour', DATE '2024-01-01')", "no unit hour"),
    ("date_trunc('fortnight', TIMESTAMP '2024-01-01 00:00:00')", "no unit fortnight"),
    ("hour(from_iso8601_timestamp('2024-01-01T00:00:00+01:00'))", "does not exist"),
    ("CAST(from_iso8601_timestamp('2024-01-01T00:00:00+01:00') AS date)", "AT TIME ZONE 'UTC' first"),
    ("from_unixtime(0) AT TIME ZONE 'Europe/Berlin'", "UTC"),
    ("date_format(TIMESTAMP '2024-01-01 00:00:00', '%v')", "not carried"),
    ("format_datetime(TIMESTAMP '2024-01-01 00:00:00', 'ww')", "not carried"),
    ("now()", "parameter"),
    ("INTERVAL 1 DAY", "INTERVAL '3' DAY"),
    ("INTERVAL '1 day'", "INTERVAL '3' DAY"),
    ("TIMESTAMP '2024-01-01 00:00:00.1234567'", "fraction of more than 6"),
]


@pytest.mark.parametrize(("expression", "expected", "_source"), CASES)
def test_value(shared_athena: Athena, expression: str, expected: Any, _source: str) -> None:
    """The value is Trino's, and its Python type too."""
    found = shared_athena.value(expression)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("expression", "message"), REFUSED)
def test_refused(shared_athena: Athena, expression: str, message: str) -> None:
    """What Athena refuses, or what cannot be carried exactly, is refused before anything runs."""
    with pytest.raises(RefusalError, match=message):
        shared_athena.value(expression)


def test_a_text_that_is_no_instant_is_an_error(shared_athena: Athena) -> None:
    """A wrong text fails in both."""
    with pytest.raises(duckdb.Error, match="Invalid format"):
        shared_athena.value("CAST(from_iso8601_timestamp(concat('x', 'y')) AT TIME ZONE 'UTC' AS date)")


def test_the_clock_is_utc(shared_athena: Athena) -> None:
    """current_date and current_timestamp are those of UTC, without a zone in Python."""
    today, now = shared_athena.rows("SELECT current_date, CAST(current_timestamp AS timestamp)")[0]
    assert abs(datetime.now(UTC).replace(tzinfo=None) - now) < timedelta(minutes=5)
    assert today == now.date()


TIMES = st.datetimes(datetime(1890, 1, 1), datetime(2110, 1, 1))  # noqa: DTZ001
_UNITS = {"millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "week": 604_800_000}


@settings(max_examples=40, deadline=None)
@given(first=TIMES, last=TIMES)
def test_date_diff_is_whole_units(shared_athena: Athena, first: datetime, last: datetime) -> None:
    """Units of fixed length: the difference of the milliseconds, divided towards zero."""
    sql = ", ".join(f"date_diff('{unit}', {_literal(first)}, {_literal(last)})" for unit in _UNITS)
    elapsed = _milliseconds(last) - _milliseconds(first)
    expected = tuple(abs(elapsed) // size * (1 if elapsed > 0 else -1) for size in _UNITS.values())
    assert shared_athena.rows(f"SELECT {sql}")[0] == expected


@settings(max_examples=40, deadline=None)
@given(
    first=st.dates(date(1999, 1, 1), date(2009, 1, 1)),
    months=st.integers(-60, 60),
    more=st.integers(-2, 2),
)
def test_date_diff_in_months_is_the_inverse_of_date_add(
    shared_athena: Athena, first: date, months: int, more: int
) -> None:
    """The difference is the largest number of months that can be added without passing the end."""
    last = _plus_months(first, months) + timedelta(days=more)
    sign = 1 if last >= first else -1
    count = 0
    early, late = min(first, last), max(first, last)
    while _plus_months(early, count + 1) <= late:
        count += 1
    sql = f"SELECT date_diff('month', DATE '{first}', DATE '{last}'), date_add('month', {months}, DATE '{first}')"
    assert shared_athena.rows(sql)[0] == (sign * count, _plus_months(first, months))


@settings(max_examples=40, deadline=None)
@given(instant=TIMES)
def test_truncation_and_rounding(shared_athena: Athena, instant: datetime) -> None:
    """date_trunc cuts, CAST AS timestamp(3) rounds half up, also before 1970."""
    row = shared_athena.rows(
        f"SELECT date_trunc('hour', {_literal(instant)}), CAST({_literal(instant)} AS timestamp(3))"
    )[0]
    whole = (instant - datetime(1, 1, 1)) // timedelta(microseconds=1)  # noqa: DTZ001
    rounded = datetime(1, 1, 1) + timedelta(microseconds=(whole + 500) // 1000 * 1000)  # noqa: DTZ001
    assert row == (instant.replace(minute=0, second=0, microsecond=0), rounded)


def _literal(instant: datetime) -> str:
    return f"TIMESTAMP '{instant.isoformat(sep=' ', timespec='microseconds')}'"


def _milliseconds(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1)) // timedelta(milliseconds=1)  # noqa: DTZ001


def _plus_months(day: date, months: int) -> date:
    place = day.year * 12 + day.month - 1 + months
    year, month = divmod(place, 12)
    for last in (day.day, 30, 29, 28):
        if last <= day.day:
            try:
                return date(year, month + 1, last)
            except ValueError:
                continue
    raise AssertionError
