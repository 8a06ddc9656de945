"""`usagelake spool-size` and the durations it takes."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.main_job import invoke
from usagelake.cli.durations import format_duration, parse_duration

ARGUMENTS = ("--events-per-second", "500", "--bytes-per-event", "300", "--outage", "6h")


def test_the_answer_to_a_program() -> None:
    """Sizes and losses of each strength, the time to catch up, the advice."""
    result = invoke("spool-size", *ARGUMENTS, "--acceptable-loss", "10s", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["acceptable_loss_events"] == 5000
    assert told["outage_events"] == 10_800_000
    assert told["recommended"] == "sealed"
    assert told["strengths"].keys() == {"none", "sealed", "every-event"}
    assert told["strengths"]["every-event"]["lost_events"]["process_killed"] == 0
    assert told["strengths"]["none"]["lost_events"]["process_killed_in_outage"] == 10_800_000


def test_the_answer_to_a_person() -> None:
    """Settings, losses, the time to catch up, the advice and its limits."""
    shown = invoke("spool-size", *ARGUMENTS, "--acceptable-loss", "10s").stdout
    for words in ("To ride out 6h", "spool_bytes", "machine dies", "Recommended: sealed", "Caught up", "drops"):
        assert words in shown


def test_no_strength_does() -> None:
    """It is said, with what comes nearest."""
    shown = invoke("spool-size", *ARGUMENTS, "--acceptable-loss", "0").stdout
    assert "Each may lose more than 0 events. Nearest is every-event" in shown
    told = json.loads(invoke("spool-size", *ARGUMENTS, "--acceptable-loss", "0", "--json").stdout)
    assert told["recommended"] is None


def test_an_upload_that_is_too_slow() -> None:
    """It never catches up."""
    more = ("--acceptable-loss", "10s", "--objects-per-second", "5")
    assert "never catches up" in invoke("spool-size", *ARGUMENTS, *more).stdout
    assert json.loads(invoke("spool-size", *ARGUMENTS, *more, "--json").stdout)["catch_up_seconds"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("--events-per-second", "0"),
        ("--events-per-second", "nan"),
        ("--events-per-second", "many"),
        ("--bytes-per-event", "0"),
        ("--outage", "6"),
        ("--acceptable-loss", "few"),
        ("--acceptable-loss", "-1"),
        ("--max-age", "0s"),
    ],
)
def test_bad_usage_is_exit_2(arguments: tuple[str, str]) -> None:
    """And nothing is reckoned."""
    result = invoke("spool-size", *ARGUMENTS, "--acceptable-loss", "0", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("6h", 21_600), ("2d", 172_800), ("1h30m", 5400), ("250ms", Fraction(1, 4))],
)
def test_a_duration_is_read(text: str, seconds: int | Fraction) -> None:
    """Exactly."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "s", "1 h", "-1s", "1w", "1e3s", "h1", "1s ", "9" * 400 + "d"])
def test_what_is_no_duration(text: str) -> None:
    """A unit is needed."""
    assert parse_duration(text) is None


@given(st.fractions(0, 10**7))
def test_a_duration_is_written_rounded_up(seconds: Fraction) -> None:
    """Never shorter than it is, and by less than its smaller unit."""
    shown = parse_duration(format_duration(seconds))
    assert shown is not None
    assert seconds <= shown < seconds + (1 if seconds < 3600 else 61 if seconds <= 86_400 else 3601)
