"""The tables of the lake, as data: every engine makes its DDL from here, and infra its catalogue.

Types are portable: the spelling is Athena's, and DuckDB and Trino have the same ones. A `timestamp` is UTC
without a zone. A column is NULL only where `nullable` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class ColumnType(StrEnum):
    """The types that a column may have, as Athena spells them."""

    VARCHAR = "varchar"
    BIGINT = "bigint"
    INTEGER = "integer"
    TIMESTAMP = "timestamp"
    DATE = "date"
    WHOLE_NUMBER = "decimal(38,0)"
    MONEY = "decimal(38,4)"  # no currency of ISO 4217 has more digits behind the point


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        name: Its name.
        type: Its portable type.
        doc: What it holds, its unit, and what NULL means in it.
        nullable: Whether it may be NULL.
    """

    name: str
    type: ColumnType
    doc: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: Its name, within the database `usage_<env>` or the schema `usage`.
        doc: What one row is.
        columns: In the table's order.
        key: The columns that tell one row from another.
        day_of: The timestamp column by whose day an engine should partition or sort the table, if any.
    """

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    day_of: str | None = None

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns' names, in the table's order."""
        return tuple(column.name for column in self.columns)


_VARCHAR = ColumnType.VARCHAR
_BIGINT = ColumnType.BIGINT
_TIMESTAMP = ColumnType.TIMESTAMP

_ARRIVAL: Final = (
    Column("object_key", _VARCHAR, "The landing object that the line was taken from."),
    Column("ingested_at", _TIMESTAMP, "When the line was taken: what a cutoff is compared with."),
    Column("content_hash", _BIGINT, "The first 60 bits of the MD5 of the trimmed line's bytes."),
)

API_REQUESTS: Final = Table(
    name="api_requests",
    doc="One request that API Gateway logged, billable or not.",
    columns=(
        Column("request_id", _VARCHAR, "extendedRequestId, which no caller can override."),
        Column("event_time", _TIMESTAMP, "requestTimeEpoch, in whole milliseconds."),
        Column("api_id", _VARCHAR, "The API; NULL: unknown.", nullable=True),
        Column("stage", _VARCHAR, "The API's stage; NULL: unknown.", nullable=True),
        Column("api_key_id", _VARCHAR, "The id of the caller's key, never its value; NULL: none.", nullable=True),
        Column("method", _VARCHAR, "The HTTP method; NULL: unknown.", nullable=True),
        Column("resource_path", _VARCHAR, "The path's template (/pets/{id}); NULL: unknown.", nullable=True),
        Column("status", ColumnType.INTEGER, "The HTTP status, 100 to 599; NULL: unknown.", nullable=True),
        Column("response_bytes", _BIGINT, "Bytes out; NULL: unknown.", nullable=True),
        Column("request_bytes", _BIGINT, "Bytes in; NULL: unknown, and never guessed.", nullable=True),
        Column("response_latency_ms", _BIGINT, "From request to response; NULL: unknown.", nullable=True),
        Column("integration_latency_ms", _BIGINT, "The backend's share of it; NULL: unknown.", nullable=True),
        Column("error_type", _VARCHAR, "Why API Gateway refused (THROTTLED); NULL: it did not.", nullable=True),
        Column("waf_response_code", _VARCHAR, "WAF_ALLOW or WAF_BLOCK; NULL: unknown.", nullable=True),
        Column("source_ip", _VARCHAR, "NULL unless switched on, and then truncated.", nullable=True),
        *_ARRIVAL,
    ),
    key=("request_id",),
    day_of="event_time",
)

BILLING_EVENTS: Final = Table(
    name="billing_events",
    doc="One billing event that a service emitted.",
    columns=(
        Column("event_id", _VARCHAR, "id: one per emission."),
        Column("event_time", _TIMESTAMP, "timestamp, in whole microseconds."),
        Column("event_type", _VARCHAR, "What was counted (internal_model_total_tokens)."),
        Column("product", _VARCHAR, "The product; NULL: missing.", nullable=True),
        Column("resource_id", _VARCHAR, "properties.resource_id: the tenant or database that used it."),
        Column("resource_type", _VARCHAR, "What kind of resource that is; NULL: missing.", nullable=True),
        Column("region", _VARCHAR, "Where it ran; NULL: missing.", nullable=True),
        Column("provider", _VARCHAR, "The model's provider; NULL: missing.", nullable=True),
        Column("model", _VARCHAR, "The model; NULL: missing.", nullable=True),
        Column("quantity", _BIGINT, "properties.usage: tokens or bytes, zero or more."),
        *_ARRIVAL,
    ),
    key=("event_id",),
    day_of="event_time",
)

USAGE_HOURLY: Final = Table(
    name="usage_hourly",
    doc="What one subject used of one meter and dimension in one hour.",
    columns=(
        Column("meter", _VARCHAR, "The meter: the name of its SQL file."),
        Column("subject_type", _VARCHAR, "api_key, resource, or what the meter's file returns."),
        Column("subject_id", _VARCHAR, "Whose usage it is."),
        Column("hour", _TIMESTAMP, "The hour's first instant."),
        Column("dimension", _VARCHAR, "A value that prices may differ by (the model); empty, never NULL."),
        Column("quantity", ColumnType.WHOLE_NUMBER, "In the meter's own unit, zero or more."),
        Column("events", _BIGINT, "How many events the quantity was summed from."),
        Column("computed_at", _TIMESTAMP, "When the row was last changed; no result depends on it."),
    ),
    key=("meter", "subject_type", "subject_id", "hour", "dimension"),
    day_of="hour",
)

QUARANTINE: Final = Table(
    name="quarantine",
    doc="One line of one object that cannot be billed, and why.",
    columns=(
        Column("source", _VARCHAR, "The event table that the line was meant for."),
        Column("object_key", _VARCHAR, "The landing object that holds the line."),
        Column("line", _VARCHAR, "The line's text, cut at 64 KiB."),
        Column("occurrences", _BIGINT, "How often the object holds it."),
        Column("reason", _VARCHAR, "The first rule of docs/contracts.md that it breaks."),
        Column("first_seen_at", _TIMESTAMP, "When it was first taken; no result depends on it."),
    ),
    key=("source", "object_key", "line", "reason"),
)

INGESTED_OBJECTS: Final = Table(
    name="ingested_objects",
    doc="One landing object that was taken.",
    columns=(
        Column("object_key", _VARCHAR, "Its key."),
        Column("etag", _VARCHAR, "The digest of its content."),
        Column("bytes", _BIGINT, "Its size in the store."),
        Column("lines", _BIGINT, "How many lines it holds, good and bad; blank lines are none."),
        Column("ingested_at", _TIMESTAMP, "When it was taken."),
        Column("version", _VARCHAR, "The cheap stamp of the store's listing, which changes with the content."),
    ),
    key=("object_key", "etag"),
)

CUSTOMERS: Final = Table(
    name="customers",
    doc="One subject assigned to one customer and plan for [valid_from, valid_to).",
    columns=(
        Column("subject_type", _VARCHAR, "As in usage_hourly."),
        Column("subject_id", _VARCHAR, "As in usage_hourly."),
        Column("customer_id", _VARCHAR, "Who pays."),
        Column("customer_name", _VARCHAR, "The customer's name on the invoice."),
        Column("plan_id", _VARCHAR, "The plan of the price book."),
        Column("valid_from", ColumnType.DATE, "The first day (UTC) of the assignment."),
        Column("valid_to", ColumnType.DATE, "The first day after it; NULL: open.", nullable=True),
    ),
    key=("subject_type", "subject_id", "valid_from"),
)

STALE_HOURS: Final = Table(
    name="stale_hours",
    doc="One hour whose events have changed since it was rolled up.",
    columns=(
        Column("source", _VARCHAR, "The event table that changed."),
        Column("hour", _TIMESTAMP, "The hour's first instant."),
        Column("marked_at", _TIMESTAMP, "When it last changed."),
    ),
    key=("source", "hour"),
)

ROLLED_METERS: Final = Table(
    name="rolled_meters",
    doc="One meter that usage_hourly holds.",
    columns=(
        Column("meter", _VARCHAR, "The meter."),
        Column("digest", _VARCHAR, "The digest of the SQL that rolled it up: other SQL, other usage."),
    ),
    key=("meter",),
)

INVOICE_LINES: Final = Table(
    name="invoice_lines",
    doc="One line of one revision of a period's invoices; every revision that was published is kept.",
    columns=(
        Column("period", _VARCHAR, "The month, such as 2026-11."),
        Column("revision", _VARCHAR, "The digest of all lines of the period: other lines, another revision."),
        Column("published_at", _TIMESTAMP, "When the revision was published; no result depends on it."),
        Column("status", _VARCHAR, "draft, until the period is closed."),
        Column("invoice_id", _VARCHAR, "The invoice's id, the same in each revision of a draft."),
        Column("customer_id", _VARCHAR, "Who pays."),
        Column("customer_name", _VARCHAR, "The customer's name on the invoice."),
        Column("currency", _VARCHAR, "An ISO 4217 code."),
        Column("line_number", ColumnType.INTEGER, "The line's place on the invoice, from 1; 0: no invoice has a line."),
        Column("charge_id", _VARCHAR, "The charge of the price book, or minimum_commitment."),
        Column("plan_id", _VARCHAR, "The plan that the charge belongs to."),
        Column("plan_version", ColumnType.DATE, "The first day of the plan's version that prices the line."),
        Column("meter", _VARCHAR, "What was counted; NULL: a fee or a minimum.", nullable=True),
        Column("dimension", _VARCHAR, "The one that is priced, empty: any; NULL: as above.", nullable=True),
        Column("quantity", ColumnType.WHOLE_NUMBER, "Units, the free ones too; NULL: as above.", nullable=True),
        Column("amount", ColumnType.MONEY, "Rounded to the currency's digits; an invoice's lines add up to its total."),
        Column("amount_exact", _VARCHAR, "The amount before rounding, with all its digits."),
    ),
    key=("period", "published_at", "revision", "customer_id", "line_number"),
)

TABLES: Final[Mapping[str, Table]] = {
    table.name: table
    for table in (
        API_REQUESTS,
        BILLING_EVENTS,
        USAGE_HOURLY,
        QUARANTINE,
        INGESTED_OBJECTS,
        CUSTOMERS,
        STALE_HOURS,
        ROLLED_METERS,
        INVOICE_LINES,
    )
}
"""Every table by its name."""
