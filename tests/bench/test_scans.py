"""What a statement scans, as the benchmark of Athena's bytes has it."""

from __future__ import annotations

import pytest

from bench.scans import Scan, scans
from usagelake.engines import load_queries, working_schema
from usagelake.engines.ad_hoc import ad_hoc

QUERIES = load_queries()
SCHEMA = working_schema(QUERIES)
POLICY = {"api_key_id", "event_time", "status", "waf_response_code"}


def scan(table: str, *columns: str) -> Scan:
    return Scan(table, frozenset(columns))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT count(*) AS n FROM api_requests", [scan("api_requests")]),
        ("SELECT count(*) AS n FROM billable_requests", [scan("api_requests", *(POLICY - {"event_time"}))]),
        (
            "SELECT api_key_id, sum(response_bytes) AS n FROM billable_requests GROUP BY api_key_id",
            [scan("api_requests", "api_key_id", "response_bytes", "status", "waf_response_code")],
        ),
        (
            """
            WITH r AS (SELECT status, method FROM api_requests)
            SELECT a.status FROM r AS a INNER JOIN r AS b ON a.status = b.status
            """,
            [scan("api_requests", "status")] * 2,
        ),
        (
            "SELECT status FROM api_requests WHERE stage IN (SELECT product FROM billing_events)",
            [scan("api_requests", "status", "stage"), scan("billing_events", "product")],
        ),
        (
            "SELECT stage AS s FROM api_requests UNION ALL SELECT product AS s FROM billing_events",
            [scan("api_requests", "stage"), scan("billing_events", "product")],
        ),
    ],
)
def test_a_query_scans_the_columns_that_it_needs(sql: str, expected: list[Scan]) -> None:
    """No more through a view, none to count rows, and a query of WITH as often as it is named."""
    assert scans(ad_hoc(sql), QUERIES, SCHEMA) == expected


def test_a_merge_that_inserts_reads_the_keys() -> None:
    """Of the target; the staged rows are read four times, twice whole and twice for their ids."""
    found = scans(QUERIES.get("events", "merge_billing_events"), QUERIES, SCHEMA)
    staged = [len(each.columns) for each in found if each.table == "landed_billing_events"]
    assert sorted(staged) == [2, 2, 13, 14]
    assert scan("billing_events", "event_id", "event_time") in found


def test_a_merge_that_updates_reads_whole_rows() -> None:
    """A row that changes is written anew."""
    found = scans(QUERIES.get("rollup", "merge_usage_hourly"), QUERIES, SCHEMA)
    assert scan("usage_hourly", *SCHEMA["usage_hourly"]) in found


def test_a_delete_reads_what_finds_its_rows() -> None:
    """The condition's columns, and those of the rows that must not be there."""
    found = scans(QUERIES.get("rollup", "drop_vanished_usage"), QUERIES, SCHEMA)
    key = ("subject_type", "subject_id", "hour", "dimension")
    assert found == [scan("usage_hourly", "meter", *key), scan("meter_rows", *key)]


@pytest.mark.parametrize("file", QUERIES.all(), ids=lambda file: f"{file.kind}/{file.name}")
def test_every_statement_can_be_weighed(file: object) -> None:
    """Each names tables and columns that there are."""
    for each in scans(file, QUERIES, SCHEMA):  # type: ignore[arg-type]
        assert each.columns <= SCHEMA[each.table].keys()
