"""How far apart the times of a schedule are, against counting them one by one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.schedule_expressions import Gaps, gaps_of
from usagelake.errors import ConfigurationError

MINUTES = st.sets(st.integers(0, 59), min_size=1, max_size=4)
HOURS = st.sets(st.integers(0, 23), min_size=1, max_size=4)


@given(minutes=MINUTES, hours=HOURS)
def test_a_cron_s_gaps_are_those_between_its_times_over_days(minutes: set[int], hours: set[int]) -> None:
    """Every minute of three days is tried."""
    fields = [",".join(map(str, sorted(each))) for each in (minutes, hours)]
    times = [each for each in range(3 * 1440) if each % 60 in minutes and each // 60 % 24 in hours]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps_of(f"cron({fields[0]} {fields[1]} * * ? *)") == Gaps(min(gaps), max(gaps))
    assert gaps_of(f"cron({fields[0]} {fields[1]} ? * 2-6 *)") == Gaps(min(gaps), None)


@pytest.mark.parametrize(
    ("expression", "shortest", "longest"),
    [
        ("rate(1 minute)", 1, 1),
        ("rate(90 minutes)", 90, 90),
        ("rate(1 day)", 1440, 1440),
        ("cron(* * * * ? *)", 1, 1),
        ("cron(0/20 * * * ? *)", 20, 20),
        ("cron(5/20 8-10 * * ? *)", 20, 21 * 60 + 20),
        ("cron(0 */6 * * ? *)", 360, 360),
        ("cron(0 10 L * ? *)", 1440, None),
        ("cron(0 10 ? * FRI#1 *)", 1440, None),
        ("cron(0 10 1 JAN ? 2027-2030)", 1440, None),
    ],
)
def test_ranges_steps_and_days(expression: str, shortest: int, longest: int | None) -> None:
    assert gaps_of(expression) == Gaps(shortest, longest)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "rate(0 hours)",
        "rate(1 week)",
        "rate(1hour)",
        "at(2026-11-01T00:00:00)",
        "cron()",
        "cron(0 24 * * ? *)",
        "cron(5-1 * * * ? *)",
        "cron(0/0 * * * ? *)",
        "cron(x * * * ? *)",
        "cron(0 0 ? * ? *)",
        "cron(0 0 * * * *)",
        "cron(0 0 * ? ? *)",
        "cron(0 0 * * ? ?)",
        "0 * * * *",
    ],
)
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    with pytest.raises(ConfigurationError):
        gaps_of(expression)
