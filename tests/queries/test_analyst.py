"""The saved queries of billing analysts: rows in, rows out."""

# ruff: noqa: E501 -- a row stands on one line

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Lake

    from usagelake.engines.query_library import QueryLibrary


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_top_customers(lake: Lake) -> None:
    """Usage counts for who had the subject in that hour; another meter and unassigned usage do not."""
    lake.add(
        "customers",
        {"subject_id": "k1", "customer_id": "c1", "valid_to": date(2025, 10, 6)},
        {"subject_id": "k1", "customer_id": "c2", "customer_name": "Two", "valid_from": date(2025, 10, 6)},
        {"subject_id": "k2", "customer_id": "c2", "customer_name": "Two"},
    ).add(
        "usage_hourly",
        {"quantity": Decimal(30), "events": 3},
        {"quantity": Decimal(10), "hour": "2025-10-06 00:00"},
        {"quantity": Decimal(60), "subject_id": "k2"},
        {"quantity": Decimal(99), "subject_id": "k3"},
        {"quantity": Decimal(99), "meter": "response_bytes"},
        {"quantity": Decimal(99), "hour": "2025-11-01 00:00"},
    )
    assert lake.run("top_customers") == [
        ("c2", "Two", Decimal(70), 2, 70.0),
        ("c1", "One", Decimal(30), 3, 30.0),
    ]
    assert lake.run("top_customers", rows=1) == [("c2", "Two", Decimal(70), 2, 70.0)]
    assert lake.run("top_customers", meter="nothing") == []


def test_customer_usage(lake: Lake) -> None:
    """One customer's quantities by meter and dimension."""
    lake.add(
        "customers", {}, {"subject_type": "resource", "subject_id": "db1"}, {"subject_id": "k9", "customer_id": "c9"}
    )
    lake.add(
        "usage_hourly",
        {"quantity": Decimal(2), "events": 2},
        {"quantity": Decimal(3), "hour": "2025-10-07 01:00"},
        {
            "subject_type": "resource",
            "subject_id": "db1",
            "meter": "internal_tokens",
            "dimension": "m1",
            "quantity": Decimal(7),
        },
        {"subject_id": "k9"},
    )
    assert lake.run("customer_usage", customer="c1") == [
        ("api_requests", "", "api_key", "k1", Decimal(5), 3, at("2025-10-05 12:00"), at("2025-10-07 01:00")),
        ("internal_tokens", "m1", "resource", "db1", Decimal(7), 1, at("2025-10-05 12:00"), at("2025-10-05 12:00")),
    ]


def test_cost_drivers_by_endpoint(lake: Lake) -> None:
    """What is not billable counts as a request all the same."""
    lake.add(
        "api_requests",
        {"request_id": "1", "response_bytes": 100, "integration_latency_ms": 1500},
        {"request_id": "2", "response_bytes": 50, "integration_latency_ms": 700, "api_key_id": "k2"},
        {"request_id": "3", "status": 500},
        {"request_id": "4", "resource_path": None, "method": None, "api_key_id": None},
        {"request_id": "5", "event_time": "2025-09-30 23:59:59"},
    )
    assert lake.run("cost_drivers_by_endpoint") == [
        ("GET", "/pets", 3, 2, 2, 150, 2, 75.0),
        ("-", "-", 1, 0, 0, 0, 0, 25.0),
    ]


def test_error_and_throttle_share(lake: Lake) -> None:
    """429 is throttling, not a client error."""
    statuses = [200, 404, 429, 429, 500]
    lake.add("api_requests", *({"request_id": str(place), "status": status} for place, status in enumerate(statuses)))
    lake.add("api_requests", {"request_id": "x", "api_key_id": None, "status": 403, "waf_response_code": "WAF_BLOCK"})
    assert lake.run("error_and_throttle_share") == [
        ("api", "k1", 5, 2, 1, 1, 0, 40.0, 20.0, 20.0),
        ("api", "-", 1, 0, 1, 0, 1, 0.0, 100.0, 0.0),
    ]


def test_latency_percentiles_by_key(lake: Lake) -> None:
    """Requests without a latency are not measured."""
    lake.add(
        "api_requests",
        *({"request_id": str(ms), "response_latency_ms": ms, "integration_latency_ms": ms - 1} for ms in range(1, 101)),
        {"request_id": "none"},
    )
    assert lake.run("latency_percentiles_by_key") == [("k1", 100, 50, 90, 99, 100, 49, 98)]


def test_hourly_load(lake: Lake) -> None:
    """One row per hour with requests."""
    lake.add(
        "api_requests",
        {"request_id": "1", "response_latency_ms": 10},
        {
            "request_id": "2",
            "event_time": "2025-10-05 12:59:59.999",
            "api_key_id": "k2",
            "status": 429,
            "response_latency_ms": 5,
        },
        {"request_id": "3", "event_time": "2025-10-05 13:00", "status": 503, "api_key_id": None},
    )
    assert lake.run("hourly_load") == [
        (at("2025-10-05 12:00"), 2, 2, 1, 0, 0.001, 7.5),
        (at("2025-10-05 13:00"), 1, 0, 0, 1, 0.0, None),
    ]


def test_month_to_date_against_last_month(lake: Lake) -> None:
    """The same span of both months; a meter that is new has no change in percent."""
    lake.add(
        "usage_hourly",
        {"hour": "2025-10-01 00:00", "quantity": Decimal(15)},
        {"hour": "2025-10-05 11:00", "quantity": Decimal(15)},
        {"hour": "2025-10-05 12:00", "quantity": Decimal(99)},
        {"hour": "2025-09-01 00:00", "quantity": Decimal(20)},
        {"hour": "2025-09-05 12:00", "quantity": Decimal(99)},
        {"hour": "2025-08-31 23:00", "quantity": Decimal(99)},
        {"hour": "2025-10-02 00:00", "meter": "response_bytes", "quantity": Decimal(5)},
        {"hour": "2025-09-02 00:00", "meter": "request_bytes", "quantity": Decimal(5)},
    )
    assert lake.run("month_to_date_against_last_month", as_of=at("2025-10-05 12:00")) == [
        ("api_requests", Decimal(30), Decimal(20), 50.0),
        ("request_bytes", Decimal(0), Decimal(5), -100.0),
        ("response_bytes", Decimal(5), Decimal(0), None),
    ]


def test_the_end_of_a_longer_month_is_compared_with_all_of_the_shorter(lake: Lake) -> None:
    """31 March goes with the end of February."""
    lake.add("usage_hourly", {"hour": "2025-02-27 23:00", "quantity": Decimal(4)}, {"hour": "2025-03-01 00:00"})
    assert lake.run("month_to_date_against_last_month", as_of=at("2025-03-31 00:00")) == [
        ("api_requests", Decimal(1), Decimal(4), -75.0)
    ]


def test_unassigned_keys(lake: Lake) -> None:
    """Only the hours without an assignment."""
    lake.add("customers", {"valid_from": date(2025, 10, 6)}).add(
        "usage_hourly",
        {"quantity": Decimal(2)},
        {"hour": "2025-10-05 23:00", "quantity": Decimal(3)},
        {"hour": "2025-10-06 00:00", "quantity": Decimal(50)},
        {"subject_id": "k2", "events": 9},
    )
    assert lake.run("unassigned_keys") == [
        ("api_key", "k2", "api_requests", Decimal(1), 9, at("2025-10-05 12:00"), at("2025-10-05 12:00")),
        ("api_key", "k1", "api_requests", Decimal(5), 2, at("2025-10-05 12:00"), at("2025-10-05 23:00")),
    ]


def test_idle_subjects(lake: Lake) -> None:
    """An assignment of the span that saw no usage."""
    lake.add(
        "customers",
        {},
        {"subject_id": "k2"},
        {"subject_id": "k3", "valid_to": date(2025, 10, 1)},
        {"subject_id": "k4", "valid_from": date(2025, 11, 1)},
    ).add("usage_hourly", {}, {"subject_id": "k2", "hour": "2025-09-30 23:00"})
    assert lake.run("idle_subjects") == [("c1", "One", "growth", "api_key", "k2", date(2025, 1, 1), None)]


def test_new_subjects(lake: Lake) -> None:
    """First seen in the span, with or without a customer."""
    lake.add("customers", {"subject_id": "k2"}).add(
        "usage_hourly",
        {"hour": "2025-09-30 23:00"},
        {},
        {"subject_id": "k2", "hour": "2025-10-02 00:00"},
        {"subject_id": "k3"},
        {"subject_id": "k3", "hour": "2025-10-06 00:00", "events": 4},
    )
    assert lake.run("new_subjects") == [
        ("api_key", "k2", at("2025-10-02 00:00"), 1, "c1"),
        ("api_key", "k3", at("2025-10-05 12:00"), 5, None),
    ]


def test_late_arrivals(lake: Lake) -> None:
    """Whole hours between event and ingest."""
    lake.add(
        "api_requests",
        {"request_id": "1"},
        {"request_id": "2", "ingested_at": "2025-10-05 12:59:59"},
        {"request_id": "3", "ingested_at": "2025-10-05 13:00"},
        {"request_id": "4", "ingested_at": "2025-10-07 12:30"},
    ).add("billing_events", {"event_time": "2025-10-06 00:00", "ingested_at": "2025-10-06 00:01"})
    assert lake.run("late_arrivals") == [
        ("api_requests", date(2025, 10, 5), 4, 2, 50.0, 48),
        ("billing_events", date(2025, 10, 6), 1, 0, 0.0, 0),
    ]
    assert lake.run("late_arrivals", hours_late=48)[0][3] == 1


def test_data_transfer(lake: Lake) -> None:
    """Unknown sizes are counted, not guessed."""
    lake.add(
        "api_requests",
        {"request_id": "1", "request_bytes": 1048576, "response_bytes": 2097151},
        {"request_id": "2", "response_bytes": 1},
        {"request_id": "3", "event_time": "2025-10-06 00:00"},
        {"request_id": "4", "status": 500, "response_bytes": 77},
    )
    assert lake.run("data_transfer") == [
        ("k1", date(2025, 10, 5), 2, 1048576, 2097152, 3, 1, 0),
        ("k1", date(2025, 10, 6), 1, 0, 0, 0, 1, 1),
    ]


def test_daily_usage_per_key_and_meter(lake: Lake) -> None:
    """Hours become days."""
    lake.add("usage_hourly", {}, {"hour": "2025-10-05 23:00", "quantity": Decimal(4)}, {"hour": "2025-10-06 00:00"})
    assert lake.run("daily_usage_per_key_and_meter") == [
        (date(2025, 10, 5), "api_key", "k1", "api_requests", Decimal(5), 2),
        (date(2025, 10, 6), "api_key", "k1", "api_requests", Decimal(1), 1),
    ]


def test_tokens_by_model(lake: Lake) -> None:
    """Both generations; bytes are no tokens."""
    lake.add(
        "billing_events",
        {"event_id": "1", "quantity": 2**62},
        {"event_id": "2", "quantity": 2**62, "event_type": "external_embedding_total_tokens", "resource_id": "db2"},
        {"event_id": "3", "event_type": "internal_model_egress_bytes"},
        {"event_id": "4", "model": None, "provider": None, "event_type": "external_reranking_total_tokens"},
    )
    assert lake.run("tokens_by_model") == [
        ("nvidia", "m1", 2, 2, Decimal(2**63), Decimal(2**62), Decimal(2**62)),
        ("-", "-", 1, 1, Decimal(10), None, Decimal(10)),
    ]


def test_busiest_minutes(lake: Lake) -> None:
    """The minute's total, and who made most of it."""
    lake.add(
        "api_requests",
        {"request_id": "1"},
        {"request_id": "2", "api_key_id": "k2"},
        {"request_id": "3", "api_key_id": "k2", "event_time": "2025-10-05 12:00:59", "status": 429},
        {"request_id": "4", "event_time": "2025-10-05 12:01", "api_key_id": None},
    )
    assert lake.run("busiest_minutes") == [
        (at("2025-10-05 12:00"), 3, 1, 2, "k2", 2),
        (at("2025-10-05 12:01"), 1, 0, 1, "-", 1),
    ]
    assert len(lake.run("busiest_minutes", rows=1)) == 1


def test_duplicates_by_object(lake: Lake) -> None:
    """Lines that are neither events nor in quarantine were taken before."""
    lake.add(
        "ingested_objects",
        {"lines": 5},
        {"object_key": "data-api/2025/10/05/12/00/b.jsonl", "lines": 2},
        {"object_key": "data-api/2025/10/05/12/00/c.jsonl", "lines": 3},
    )
    lake.add("api_requests", {"request_id": "1"}, {"request_id": "2"})
    lake.add("quarantine", {"occurrences": 2})
    lake.add("billing_events", {"event_id": "1"}, {"event_id": "2"})
    assert lake.run("duplicates_by_object") == [
        ("data-api/2025/10/05/12/00/c.jsonl", "data-api", 3, 0, 0, 3),
        ("apigw_access/2025/10/05/12/00/a.jsonl", "apigw_access", 5, 2, 2, 1),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"api_key_id": None, "status": 500}, "no API key"),
        ({"waf_response_code": "WAF_BLOCK", "status": 403}, "blocked by WAF"),
        ({"status": None}, "status unknown"),
        ({"status": 429}, "throttled (429)"),
        ({"status": 401}, "not authorized (401, 403)"),
        ({"status": 503}, "server error (5xx)"),
        ({"status": 101}, "informational (1xx)"),
    ],
)
def test_unbilled_requests(lake: Lake, row: dict[str, Any], reason: str) -> None:
    """The first reason of the policy; a billed request has none."""
    lake.add("api_requests", {"request_id": "billed"}, {"request_id": "not", **row})
    keys = 0 if row.get("api_key_id", "k1") is None else 1
    assert lake.run("unbilled_requests") == [(reason, 1, keys, 0)]


def test_usage_spikes(lake: Lake) -> None:
    """At least three days before, and more than so many times their mean."""
    lake.add(
        "usage_hourly",
        *({"hour": f"2025-10-0{day} 01:00", "quantity": Decimal(10)} for day in (1, 2, 3)),
        {"hour": "2025-10-04 01:00", "quantity": Decimal(51)},
        {"hour": "2025-10-03 01:00", "quantity": Decimal(900), "subject_id": "k2"},
    )
    assert lake.run("usage_spikes") == [(date(2025, 10, 4), "api_key", "k1", "api_requests", 51.0, 10.0)]
    assert lake.run("usage_spikes", factor=6) == []


def _two_revisions(lake: Lake) -> None:
    """Publish October twice, with a customer who is gone the second time, and November once."""
    usage = {"meter": "api_requests", "dimension": "", "quantity": Decimal(150)}
    fee = {"line_number": 2, "charge_id": "platform", "amount": Decimal("10.00"), "amount_exact": "10"}
    newer = {"published_at": "2025-10-07 04:00", "revision": "sha256:2"}
    two = {"customer_id": "c2", "customer_name": "Two", "invoice_id": "i2"}
    lake.add(
        "invoice_lines",
        usage,
        {"customer_id": "c9", "customer_name": "Gone", **usage, "amount": Decimal("5.25")},
        {**newer, **usage},
        {**newer, **fee},
        {**newer, **two, **usage, "quantity": Decimal(700), "amount": Decimal("7.00")},
        {**newer, **two, **usage, "meter": "internal_tokens", "dimension": "m1", "line_number": 2, "quantity": Decimal(9),
         "amount": Decimal("0.0005")},
        {"period": "2025-11", **usage, "amount": Decimal(99)},
    )  # fmt: skip


def test_latest_invoice_lines(lake: Lake) -> None:
    """The newest revision of each period as a whole; of one that has no line, nothing."""
    _two_revisions(lake)
    found = sorted((row[0], row[1], row[5], row[8]) for row in lake.run("latest_invoice_lines"))
    assert found == [
        ("2025-10", "sha256:2", "c1", 1),
        ("2025-10", "sha256:2", "c1", 2),
        ("2025-10", "sha256:2", "c2", 1),
        ("2025-10", "sha256:2", "c2", 2),
        ("2025-11", "sha256:1", "c1", 1),
    ]
    lake.add("invoice_lines", {"published_at": "2025-10-08", "revision": "sha256:0", "line_number": 0, "amount": 0})
    assert [row[0] for row in lake.run("latest_invoice_lines")] == ["2025-11"]


def test_invoice_totals(lake: Lake) -> None:
    """Of the newest revision of that period; usage and fees apart."""
    _two_revisions(lake)
    assert lake.run("invoice_totals", period="2025-10") == [
        ("c1", "One", "USD", 2, Decimal("1.50"), Decimal("10.00"), Decimal("11.50")),
        ("c2", "Two", "USD", 2, Decimal("7.0005"), Decimal(0), Decimal("7.0005")),
    ]


def test_cost_by_meter(lake: Lake) -> None:
    """Added up over customers; fees have no meter."""
    _two_revisions(lake)
    assert lake.run("cost_by_meter", period="2025-10") == [
        ("-", "", "growth", "USD", 1, None, Decimal("10.00")),
        ("api_requests", "", "growth", "USD", 2, Decimal(850), Decimal("8.50")),
        ("internal_tokens", "m1", "growth", "USD", 1, Decimal(9), Decimal("0.0005")),
    ]


def test_invoice_revisions(lake: Lake) -> None:
    """The newest first, each compared with the one before; one without any line has no customer."""
    _two_revisions(lake)
    lake.add(
        "invoice_lines",
        {"published_at": "2025-10-08 04:00", "revision": "sha256:0", "line_number": 0, "customer_id": "", "amount": 0},
    )
    assert lake.run("invoice_revisions", period="2025-10") == [
        (at("2025-10-08 04:00"), "sha256:0", 0, 0, "USD", Decimal(0), Decimal("-18.5005")),
        (at("2025-10-07 04:00"), "sha256:2", 2, 4, "USD", Decimal("18.5005"), Decimal("11.7505")),
        (at("2025-10-06 04:00"), "sha256:1", 2, 2, "USD", Decimal("6.75"), None),
    ]


def test_every_saved_query_runs_on_an_empty_lake(lake: Lake, library: QueryLibrary) -> None:
    """And gives no rows, rather than a row of NULLs."""
    given = {"customer": "c1", "as_of": at("2025-10-05 12:00"), "period": "2025-10"}
    for file in library.all("analyst"):
        assert lake.run(file.name, **{name: given[name] for name in file.params if name in given}) == [], file.name


def test_the_first_sketch_s_queries_run_word_for_word(lake: Lake) -> None:
    """On the view api_gateway_logs, with the names of the access log."""
    from usagelake.engines.dialect import carry, parse_statement  # noqa: PLC0415

    lake.add(
        "api_requests",
        {"request_id": "1", "response_latency_ms": 7, "response_bytes": 3 * 1024 * 1024, "request_bytes": None},
        {"request_id": "2", "response_latency_ms": 5, "api_key_id": "k2", "resource_path": "/x"},
        {"request_id": "3", "response_latency_ms": 9, "response_bytes": 1048576, "request_bytes": 1},
        {"request_id": "4", "event_time": "2025-11-01 00:00"},
    )

    def rows(sql: str) -> tuple[list[str], list[Any]]:
        carried = carry(parse_statement(sql), lake.schema)
        return [name for name, _ in carried.columns], sorted(lake.connection.execute(carried.sql).fetchall())

    assert rows(
        "SELECT apiKeyId, COUNT(*) as total_requests, SUM(responseLatency) as total_latency_ms FROM api_gateway_logs "
        "WHERE year = 2025 AND month = 10 GROUP BY apiKeyId ORDER BY total_requests DESC;"
    ) == (["apiKeyId", "total_requests", "total_latency_ms"], [("k1", 2, 16), ("k2", 1, 5)])
    assert rows(
        "SELECT apiKeyId, SUM(requestSize + responseSize) / 1024 / 1024 as total_mb_transferred FROM api_gateway_logs "
        "WHERE year = 2025 AND month = 10 GROUP BY apiKeyId;"
    ) == (["apiKeyId", "total_mb_transferred"], [("k1", 4), ("k2", 0)])
    assert rows(
        "SELECT apiKeyId, resourcePath, COUNT(*) as request_count FROM api_gateway_logs WHERE year = 2025 AND month = 10 "
        "GROUP BY apiKeyId, resourcePath;"
    ) == (["apiKeyId", "resourcePath", "request_count"], [("k1", "/pets", 2), ("k2", "/x", 1)])
