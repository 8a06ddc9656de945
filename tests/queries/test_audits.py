"""Audits: no rows when all is well, the offending rows when it is not."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Lake

    from usagelake.engines.query_library import QueryLibrary

A_KEY = "apigw_access/2025/10/05/12/00/a.jsonl"
B_KEY = "data-api/2025/10/05/12/00/b.jsonl"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture
def sound(lake: Lake) -> Lake:
    """A lake in which everything adds up."""
    lake.add(
        "api_requests",
        {"request_id": "1", "response_bytes": 100, "request_bytes": 7},
        {"request_id": "2", "response_bytes": 50},
        {"request_id": "3", "status": 500, "response_bytes": 999},
        {"request_id": "4", "api_key_id": None},
    )
    lake.add(
        "billing_events",
        {"event_id": "1"},
        {"event_id": "2", "quantity": 5, "event_type": "internal_embedding_total_tokens"},
        {"event_id": "3", "quantity": 0, "event_type": "external_reranking_egress_bytes", "model": None},
    )
    resource = {"subject_type": "resource", "subject_id": "db1"}
    lake.add(
        "usage_hourly",
        {"quantity": Decimal(2), "events": 2},
        {"meter": "response_bytes", "quantity": Decimal(150), "events": 2},
        {"meter": "request_bytes", "quantity": Decimal(7)},
        {**resource, "meter": "internal_tokens", "dimension": "m1", "quantity": Decimal(15), "events": 2},
        {**resource, "meter": "external_egress_bytes", "quantity": Decimal(0)},
    )
    lake.add("customers", {}, resource)
    lake.add("ingested_objects", {"lines": 4}, {"object_key": B_KEY, "lines": 3})
    meters = ("api_requests", "response_bytes", "request_bytes", "internal_tokens", "external_egress_bytes")
    lake.add("rolled_meters", *({"meter": meter} for meter in meters))
    return lake


def test_a_sound_lake_has_no_findings(sound: Lake, library: QueryLibrary) -> None:
    """Each audit gives no rows; so does each on an empty lake."""
    for file in library.all("audits"):
        assert sound.run(file.name) == [], file.name


def test_an_empty_lake_has_no_findings(lake: Lake, library: QueryLibrary) -> None:
    """No row of NULLs."""
    for file in library.all("audits"):
        assert lake.run(file.name) == [], file.name


def test_duplicates_left(sound: Lake) -> None:
    """The same id in both tables is none; twice in one is one, on whatever day."""
    sound.add("api_requests", {"request_id": "1", "event_time": "2025-10-09 00:00", "object_key": "z"})
    assert sound.run("duplicates_left") == [
        ("api_requests", "1", 2, at("2025-10-05 12:00"), at("2025-10-09 00:00"), A_KEY, "z")
    ]
    assert sound.run("ids_with_two_contents") == []


def test_ids_with_two_contents(sound: Lake) -> None:
    """One id, two texts."""
    sound.add(
        "billing_events", {"event_id": "1", "event_time": "2025-10-09 00:00", "object_key": "z", "content_hash": 2}
    )
    assert sound.run("ids_with_two_contents") == [
        ("billing_events", "1", 2, at("2025-10-05 12:00"), at("2025-10-09 00:00"), B_KEY, "z")
    ]


DIFFERENCES: list[tuple[str, dict[str, Any], list[tuple[Any, ...]]]] = [
    (
        "billing_events",
        {"event_id": "9", "quantity": 1, "event_type": "internal_reranking_total_tokens"},
        [("internal_tokens", "resource", "db1", "m1", 16, 15, 3, 2)],
    ),
    (
        "billing_events",
        {"event_id": "9", "quantity": 0, "event_type": "internal_model_total_tokens"},
        [("internal_tokens", "resource", "db1", "m1", 15, 15, 3, 2)],
    ),
    (
        "api_requests",
        {"request_id": "9", "api_key_id": "k9"},
        [("api_requests", "api_key", "k9", "", 1, None, 1, None)],
    ),
    ("api_requests", {"request_id": "9", "status": 429}, []),
    ("billing_events", {"event_id": "9", "event_type": "of_no_meter"}, []),
    (
        "usage_hourly",
        {"subject_id": "k9", "quantity": Decimal(3)},
        [("api_requests", "api_key", "k9", "", None, 3, None, 1)],
    ),
    ("usage_hourly", {"subject_id": "k9", "meter": "of_a_user"}, []),
    ("usage_hourly", {"subject_id": "k9", "hour": "2025-11-01 00:00"}, []),
]


@pytest.mark.parametrize(("table", "row", "expected"), DIFFERENCES)
def test_hours_that_differ(sound: Lake, table: str, row: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    """Both ways round: events without usage, and usage without events."""
    found = sound.add(table, row).run("hours_that_differ")
    assert [(*line[:3], *line[4:]) for line in found] == expected
    assert all(line[3] == at("2025-10-05 12:00") for line in found)


def test_usage_without_customer(sound: Lake) -> None:
    """An hour after the assignment's end is nobody's."""
    sound.add("usage_hourly", {"subject_id": "k2", "quantity": Decimal(9)}, {"hour": "2024-12-31 23:00"})
    expected = ("api_key", "k2", "api_requests", Decimal(9), at("2025-10-05 12:00"), at("2025-10-05 12:00"))
    assert sound.run("usage_without_customer") == [expected]
    assert len(sound.run("usage_without_customer", start=at("2024-12-01"))) == 2


def test_assignments_that_overlap(sound: Lake) -> None:
    """[valid_from, valid_to): the day after the end is free."""
    sound.add(
        "customers",
        {"subject_id": "k2", "valid_to": date(2025, 6, 1)},
        {"subject_id": "k2", "valid_from": date(2025, 6, 1)},
    )
    assert sound.run("assignments_that_overlap") == []
    sound.add(
        "customers",
        {"subject_id": "k2", "customer_id": "c9", "valid_from": date(2025, 5, 31), "valid_to": date(2025, 6, 1)},
    )
    assert sound.run("assignments_that_overlap") == [
        ("api_key", "k2", "c1", date(2025, 1, 1), date(2025, 6, 1), "c9", date(2025, 5, 31), date(2025, 6, 1))
    ]
    sound.add("customers", {"customer_id": "c9"})
    assert len(sound.run("assignments_that_overlap")) == 2


@pytest.mark.parametrize(
    ("event_time", "found"),
    [
        ("2025-10-05 13:00:59.999", False),
        ("2025-10-05 13:01", True),
        ("2025-08-21 12:00", False),
        ("2025-08-21 11:59:59.999", True),
    ],
)
def test_events_outside_their_partition(sound: Lake, event_time: str, *, found: bool) -> None:
    """An hour ahead of the key's minute, or 45 days behind it, is allowed."""
    sound.add("api_requests", {"request_id": "9", "event_time": event_time})
    rows = sound.run("events_outside_their_partition")
    assert [row[:4] for row in rows] == (
        [("api_requests", "9", at(event_time), at("2025-10-05 12:00"))] if found else []
    )
    assert sound.run("events_outside_their_partition", hours_ahead=24, days_late=400) == []


def test_a_key_without_a_time_has_no_partition(sound: Lake) -> None:
    """Any object may be landed by hand."""
    sound.add("api_requests", {"request_id": "9", "event_time": "2020-01-01 00:00", "object_key": "old/2020-01.jsonl"})
    sound.add(
        "api_requests", {"request_id": "8", "event_time": "2020-01-01 00:00", "object_key": "x/2025/13/45/99/99/a"}
    )
    assert sound.run("events_outside_their_partition") == []


def test_events_ahead_of_their_ingest(sound: Lake) -> None:
    """A clock that is wrong by more than an hour."""
    sound.add("billing_events", {"event_id": "8", "event_time": "2025-10-05 13:05"})
    assert sound.run("events_ahead_of_their_ingest") == []
    sound.add("billing_events", {"event_id": "9", "event_time": "2025-10-05 13:05:00.000001"})
    assert sound.run("events_ahead_of_their_ingest") == [
        ("billing_events", B_KEY, 1, at("2025-10-05 13:05:00.000001"), at("2025-10-05 12:05"))
    ]


def test_events_without_object(sound: Lake) -> None:
    """An object that the manifest does not name."""
    sound.add("api_requests", {"request_id": "9", "object_key": "lost"})
    assert sound.run("events_without_object") == [("api_requests", "lost", 1)]


def test_lines_unaccounted_for(sound: Lake) -> None:
    """More rows than lines."""
    sound.add("quarantine", {"occurrences": 2})
    assert sound.run("lines_unaccounted_for") == [(A_KEY, 4, 6)]


def test_objects_that_changed(sound: Lake) -> None:
    """A second ETag under one key."""
    sound.add("ingested_objects", {"etag": "t2", "ingested_at": "2025-10-06 00:00"})
    assert sound.run("objects_that_changed") == [(A_KEY, 2, at("2025-10-05 12:05"), at("2025-10-06 00:00"))]


def test_unmetered_event_types(sound: Lake) -> None:
    """A type that no meter of ours reads, unless a user says that one of theirs does."""
    sound.add("billing_events", {"event_id": "9", "event_type": "internal_storage_bytes", "quantity": 77})
    assert sound.run("unmetered_event_types") == [
        ("internal_storage_bytes", 1, Decimal(77), at("2025-10-05 12:00"), at("2025-10-05 12:00"))
    ]
    assert [row[0] for row in sound.run("unmetered_event_types", metered=["internal_storage_bytes"])] == [
        "external_reranking_egress_bytes",
        "internal_embedding_total_tokens",
        "internal_model_total_tokens",
    ]


def test_every_event_type_of_the_meters_is_metered(library: QueryLibrary) -> None:
    """The audit's list is the meters' lists."""
    from sqlglot import exp  # noqa: PLC0415

    texts = {
        literal.name
        for meter in library.meters()
        for literal in meter.tree.find_all(exp.Literal)
        if literal.is_string and literal.name.startswith(("internal_", "external_"))
    }
    assert texts == set(library.get("audits", "unmetered_event_types").params["metered"].default)


def test_quarantine_open(sound: Lake) -> None:
    """One row per object and reason, with an example."""
    sound.add(
        "quarantine", {"line": "x" * 200}, {"line": "y", "occurrences": 3}, {"reason": "status is not an HTTP status"}
    )
    assert sound.run("quarantine_open") == [
        ("api_requests", "line is not valid JSON", A_KEY, 4, at("2025-10-05 12:05"), "x" * 120),
        ("api_requests", "status is not an HTTP status", A_KEY, 1, at("2025-10-05 12:05"), "x"),
    ]


def test_hours_waiting_for_roll_up(sound: Lake) -> None:
    """A mark that stands."""
    sound.add("stale_hours", {})
    assert sound.run("hours_waiting_for_roll_up") == [("api_requests", at("2025-10-05 12:00"), at("2025-10-05 12:05"))]


@pytest.mark.parametrize(
    "row",
    [
        {"subject_id": "k9", "quantity": Decimal(-1)},
        {"subject_id": "k9", "events": 0},
        {"subject_id": "k9", "hour": "2025-10-05 12:30"},
        {"subject_id": "k9", "meter": "unknown"},
        {},
    ],
)
def test_impossible_usage(sound: Lake, row: dict[str, Any]) -> None:
    """Each of them alone."""
    found = sound.add("usage_hourly", row).run("impossible_usage")
    assert [(line[0], line[2]) for line in found] == [(row.get("meter", "api_requests"), row.get("subject_id", "k1"))]
