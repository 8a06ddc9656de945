"""The tables as data: complete, consistent, and as the parsers fill them."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from usagelake.domain.access_log import ApiRequest
from usagelake.domain.billing_event import BillingEvent
from usagelake.domain.schema import TABLES, ColumnType, Table

COLUMNS = {
    "api_requests": "request_id, event_time, api_id, stage, api_key_id, method, resource_path, status, "
    "response_bytes, request_bytes, response_latency_ms, integration_latency_ms, error_type, "
    "waf_response_code, source_ip, object_key, ingested_at, content_hash",
    "billing_events": "event_id, event_time, event_type, product, resource_id, resource_type, region, "
    "provider, model, quantity, object_key, ingested_at, content_hash",
    "usage_hourly": "meter, subject_type, subject_id, hour, dimension, quantity, events, computed_at",
    "quarantine": "source, object_key, line, occurrences, reason, first_seen_at",
    "ingested_objects": "object_key, etag, bytes, lines, ingested_at, version",
    "customers": "subject_type, subject_id, customer_id, customer_name, plan_id, valid_from, valid_to",
    "stale_hours": "source, hour, marked_at",
    "rolled_meters": "meter, digest",
    "invoice_lines": "period, revision, published_at, status, invoice_id, customer_id, customer_name, currency, "
    "line_number, charge_id, plan_id, plan_version, meter, dimension, quantity, amount, amount_exact",
}
EACH_TABLE = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)


def test_the_tables_and_their_columns() -> None:
    """Names and order are a contract: views, exports and analysts' queries rest on them."""
    assert {name: ", ".join(table.column_names) for name, table in TABLES.items()} == COLUMNS


@EACH_TABLE
def test_a_table_is_well_made(table: Table) -> None:
    """Keys are columns and never NULL; what is partitioned by day has a timestamp; all is documented."""
    columns = {column.name: column for column in table.columns}
    assert len(columns) == len(table.columns)
    assert not [name for name in table.key if columns[name].nullable]
    assert table.day_of is None or columns[table.day_of].type is ColumnType.TIMESTAMP
    assert table.doc.endswith(".")
    assert not [column.name for column in table.columns if not column.doc.endswith(".")]
    explained = {column.name for column in table.columns if re.search(r"(^|; )NULL", column.doc)}
    assert explained == {column.name for column in table.columns if column.nullable}


@pytest.mark.parametrize(("row", "name"), [(ApiRequest, "api_requests"), (BillingEvent, "billing_events")])
def test_an_event_table_holds_what_the_parser_gives(row: type, name: str) -> None:
    """A parsed line has the table's columns, without those that tell of its arrival."""
    arrival = {"object_key", "ingested_at"}
    parsed = {field.name: "None" in str(field.type) for field in fields(row)}
    assert parsed == {c.name: c.nullable for c in TABLES[name].columns if c.name not in arrival}


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        ("usage_hourly", "quantity", "decimal(38,0)"),
        ("usage_hourly", "events", "bigint"),
        ("quarantine", "occurrences", "bigint"),
        ("api_requests", "content_hash", "bigint"),
        ("api_requests", "status", "integer"),
        ("billing_events", "quantity", "bigint"),
        ("customers", "valid_to", "date"),
        ("invoice_lines", "amount", "decimal(38,4)"),
        ("api_requests", "event_time", "timestamp"),
    ],
)
def test_the_types_that_matter(table: str, column: str, kind: str) -> None:
    """A sum of bigints needs more digits than one; nothing is a float."""
    types = {c.name: c.type.value for c in TABLES[table].columns}
    assert types[column] == kind
