"""What is kept of a bad line, and in which words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.domain.quarantine import MAX_TEXT_BYTES, UNREADABLE_REASONS, Reason, cut_text

CONTRACTS = Path(__file__).parents[2] / "docs" / "contracts.md"


def test_the_reasons_are_those_of_the_contract() -> None:
    """Every reason stands in docs/contracts.md, and every reason there is one of ours."""
    text = CONTRACTS.read_text(encoding="utf-8")
    quoted = set(re.findall(r"`([^`]+)`", text))
    assert {reason for reason in Reason if reason.value not in quoted} == set()
    rules = text.split("| member | rule | reason when broken |")[1:]
    rows = [line for rule in rules for line in rule.split("\n\n")[0].splitlines() if line.startswith("| ")]
    assert len(rows) > 15
    stated = {reason for row in rows for reason in re.findall(r"`([^`]+)`", row.split("|")[-2])}
    assert stated <= set(Reason)


def test_unreadable_is_what_stops_a_fast_reader() -> None:
    """These three make an object unreadable as a whole; the others are faults of one line."""
    assert {reason.value for reason in UNREADABLE_REASONS} == {
        "gzip data is damaged",
        "line is not valid UTF-8",
        "line is longer than 1 MiB",
    }


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("x" * MAX_TEXT_BYTES, "x" * MAX_TEXT_BYTES),
        ("x" * (MAX_TEXT_BYTES + 1), "x" * MAX_TEXT_BYTES),
        ("é" * MAX_TEXT_BYTES, "é" * (MAX_TEXT_BYTES // 2)),
        ("x" + "é" * MAX_TEXT_BYTES, "x" + "é" * (MAX_TEXT_BYTES // 2 - 1)),
        ("xyz" + "😀" * MAX_TEXT_BYTES, "xyz" + "😀" * (MAX_TEXT_BYTES // 4 - 1)),
    ],
    ids=["empty", "whole", "one too many", "two bytes", "half of two bytes", "three of four bytes"],
)
def test_a_text_is_cut_between_characters(text: str, kept: str) -> None:
    """What does not fit is left out, never halved."""
    assert cut_text(text) == kept


@settings(deadline=None)
@given(st.text(max_size=8), st.integers(0, 30_000))
def test_what_is_kept_is_a_beginning_and_stays(text: str, times: int) -> None:
    """Cutting twice is cutting once."""
    long = text * times
    kept = cut_text(long)
    assert long.startswith(kept)
    assert len(kept.encode()) <= MAX_TEXT_BYTES
    assert cut_text(kept) == kept
    assert len(long.encode()) <= MAX_TEXT_BYTES or len(kept.encode()) > MAX_TEXT_BYTES - 4
