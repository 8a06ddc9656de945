"""Listing by hours of arrival finds what lies in those hours, and nothing is missed between windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.landings import event, request
from tests.cli.main_job import Job
from usagelake.bootstrap import open_engine
from usagelake.domain.landing import LandingKey
from usagelake.engines import load_queries
from usagelake.services.arrivals import Arrivals, folders, in_windows, landing_prefixes, list_arrivals
from usagelake.services.ingest import ingest
from usagelake.services.progress import Silent
from usagelake.settings import Settings
from usagelake.storage import LocalFolder

START = datetime(2026, 11, 28, 22, tzinfo=UTC)
NOW = datetime(2026, 12, 1, tzinfo=UTC)
QUERIES = load_queries()

instants = st.datetimes(datetime(2025, 12, 29), datetime(2026, 1, 4), timezones=st.just(UTC))  # noqa: DTZ001


def _put(root: Path, key: str) -> None:
    path = root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}\n")


@settings(max_examples=150, deadline=None)
@given(start=instants, end=instants, arrived=st.lists(instants, max_size=8))
def test_folders_hold_exactly_the_hours_that_were_asked_for(
    start: datetime, end: datetime, arrived: list[datetime]
) -> None:
    """Each object of an hour lies in one folder, any other object in none; an hour is listed whole or not at all."""
    named = list(folders(Arrivals(start, end)))
    first = start.replace(minute=0, second=0, microsecond=0)
    for instant in arrived:
        key = LandingKey("", instant, "a.jsonl").render()
        hour = instant.replace(minute=0, second=0, microsecond=0)
        inside = first <= hour < end
        assert sum(key.startswith(f"{folder}/") for folder in named) == inside


@given(start=instants, end=instants, hours=st.integers(1, 40))
def test_windows_leave_nothing_out(start: datetime, end: datetime, hours: int) -> None:
    """They follow one another from the start to the end."""
    cut = list(in_windows(start, end, timedelta(hours=hours), ["b", "a"]))
    assert [each.start for each in cut[1:]] == [each.end for each in cut[:-1]]
    assert [cut[0].start, cut[-1].end] == [start, end] if start < end else cut == []


def test_prefixes_are_found(tmp_path: Path) -> None:
    """Also one that is nested, and the root itself; hidden folders and those without a year are none."""
    for prefix in ("apigw_access/", "data-api/", "team/a/", "", "_tmp/", "team/.hidden/", "team/b/c/d/e/"):
        _put(tmp_path, f"{prefix}2026/11/28/22/05/a.jsonl")
    _put(tmp_path, "notes/readme.txt")
    assert landing_prefixes(LocalFolder(tmp_path)) == ("", "apigw_access", "data-api", "team/a")


def test_only_the_asked_prefixes_and_hours_are_listed(tmp_path: Path) -> None:
    """A folder that is not there holds nothing."""
    keys = [
        f"{prefix}/2026/11/{hour}/00/a.jsonl" for prefix in ("a", "b") for hour in ("28/21", "28/22", "29/05", "30/01")
    ]
    for key in keys:
        _put(tmp_path, key)
    arrivals = Arrivals(START, START + timedelta(hours=27), ("a", "c"))
    found = [info.key for info in list_arrivals(LocalFolder(tmp_path), arrivals)]
    assert found == [keys[1], keys[2]]


def test_an_object_is_taken_once_whichever_way_it_is_listed(job: Job) -> None:
    """By an hour, by more hours that overlap, by a sweep, by all: the first run that lists an object reads it."""
    keys = [f"apigw_access/2026/11/28/{hour:02}/30/a.jsonl" for hour in (21, 22, 23)]
    for number, key in enumerate(keys):
        job.put(key, request(f"r{number}", "2026-11-28T12:00:00Z"))
    job.put("data-api/2026/11/28/22/00/deep/er/a.jsonl", event("e0", "2026-11-28T12:00:00Z"))
    job.put("plain.jsonl", event("e1", "2026-11-28T12:00:00Z"))
    storage = LocalFolder(job.landing)
    with open_engine(QUERIES, Settings(), None) as engine:

        def taken(arrivals: Arrivals | None) -> int:
            report = ingest(engine, QUERIES, storage, clock=lambda: NOW, progress=Silent(), arrivals=arrivals)
            return report.new_objects

        hour = timedelta(hours=1)
        assert taken(Arrivals(START, START + hour)) == 2
        assert taken(Arrivals(START, START + 2 * hour)) == 1
        assert taken(Arrivals(START - 30 * hour, START + 30 * hour)) == 1
        assert taken(None) == 1
        assert taken(None) == 0


def test_a_run_that_is_told_to_stop_says_what_it_has_left(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next run takes it."""
    monkeypatch.setattr("usagelake.engines.duckdb.engine.BATCH_OBJECTS", 2)
    for number in range(5):
        job.put(f"apigw_access/2026/11/28/22/0{number}/a.jsonl", request(f"r{number}", "2026-11-28T12:00:00Z"))
    storage = LocalFolder(job.landing)
    with open_engine(QUERIES, Settings(), None) as engine:
        reports = [
            ingest(engine, QUERIES, storage, clock=lambda: NOW, progress=Silent(), stop=lambda: True) for _ in range(4)
        ]
    assert [(report.new_objects, report.waiting) for report in reports] == [(2, 3), (2, 1), (1, 0), (0, 0)]
