"""Tokens: the same statement of the same run has the same one, and nothing else has."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from usagelake.engines.athena.identity import Run, RunIdentity, token

RUN = Run(RunIdentity("hourly", "2026-11-01T10:00:00Z", "1"), "5d1f")
SQL = "DELETE FROM stale_hours"


@given(st.text(), st.integers(min_value=1, max_value=10**6), st.booleans())
def test_a_token_is_one_that_athena_takes(text: str, number: int, reading: bool) -> None:
    """32 to 128 characters, whatever the statement holds."""
    made = token(RUN, "usage_prod", number, text, reading=reading)
    assert 32 <= len(made) <= 128
    assert made.isalnum()


def test_a_repeated_run_has_the_same_tokens() -> None:
    """A nonce tells two openings apart only where they read."""
    again = replace(RUN, nonce="77aa")
    assert token(again, "usage_prod", 1, SQL, reading=False) == token(RUN, "usage_prod", 1, SQL, reading=False)
    assert token(again, "usage_prod", 1, SQL, reading=True) != token(RUN, "usage_prod", 1, SQL, reading=True)


def test_whatever_differs_makes_another_token() -> None:
    """Also where parts joined would read the same."""
    identity = RUN.identity
    runs = [
        RUN,
        replace(RUN, identity=replace(identity, job="sweep")),
        replace(RUN, identity=replace(identity, window="2026-11-01T11:00:00Z")),
        replace(RUN, identity=replace(identity, attempt="2")),
        replace(RUN, identity=RunIdentity("hourl", "y2026-11-01T10:00:00Z", "1")),
    ]
    made = [token(run, "usage_prod", 1, SQL, reading=False) for run in runs]
    made += [
        token(RUN, "usage_dev", 1, SQL, reading=False),
        token(RUN, "usage_prod", 2, SQL, reading=False),
        token(RUN, "usage_prod", 1, f"{SQL} ", reading=False),
        token(RUN, "usage_prod", 1, SQL, reading=False, again=1),
        token(RUN, "usage_prod", 1, SQL, reading=True),
    ]
    assert len(set(made)) == len(made)
