"""The main job: ingest what is new, roll it up, price a period, write its invoices."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from usagelake.domain.invoice import Evidence
from usagelake.domain.landing import Source
from usagelake.domain.money import format_amount
from usagelake.domain.rating.rate import Rated, rate
from usagelake.domain.rating.segments import segments
from usagelake.domain.usage import UsageTotal
from usagelake.engines import metered_event_types
from usagelake.services.ingest import IngestReport, ingest
from usagelake.services.publication import publish_period
from usagelake.services.roll_up import roll_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from usagelake.domain.canonical_json import JsonValue
    from usagelake.domain.period import Period
    from usagelake.domain.rating.segments import Segment
    from usagelake.engines import Engine, QueryLibrary
    from usagelake.services.pricing import Pricing
    from usagelake.services.progress import Progress
    from usagelake.storage import Storage


@dataclass(frozen=True, slots=True)
class Bill:
    """A billed period.

    Attributes:
        rated: Invoices, and what could not be billed.
        summary: What `summary.json` holds.
        ingested: What ingest met.
        quarantine: Why lines are in quarantine: source, reason, lines, an object that holds one.
        unmetered: Event types of the lake that no meter reads, each with its events.
    """

    rated: Rated
    summary: dict[str, JsonValue]
    ingested: IngestReport
    quarantine: list[tuple[str, str, int, str]]
    unmetered: list[tuple[str, int]]


def bill(
    engine: Engine,
    queries: QueryLibrary,
    storage: Storage,
    pricing: Pricing,
    period: Period,
    out: Path,
    *,
    clock: Callable[[], datetime],
    progress: Progress,
    keep_source_ip: bool = False,
) -> Bill:
    """Bill a period from the raw lines.

    Killed at any moment and run again, it ends with the same invoices, byte for byte.

    Args:
        engine: Where the lake lies.
        queries: The SQL.
        storage: The landing.
        pricing: Prices and customers.
        period: What to bill.
        out: The folder for the results; a period's invoices are replaced as a whole.
        clock: Tells the time of ingest and of roll-up; no invoice depends on it.
        progress: Is told of the work.
        keep_source_ip: Whether callers' addresses are kept, truncated.

    Raises:
        EngineError: A statement failed.
        StorageError: The landing cannot be listed.
        OSError: The results cannot be written; the former ones stand.
    """
    before = _counts(engine, queries)
    ingested = ingest(engine, queries, storage, clock=clock, progress=progress, keep_source_ip=keep_source_ip)
    roll_up(engine, queries, clock=clock, progress=progress)
    engine.publish("customers", pricing.customer_rows())
    rated = rate(period, _usage(engine, queries, pricing, period), pricing.book, pricing.customers)
    counts = _counts(engine, queries)
    summary = _summary(period, rated, counts, before, ingested)
    summary["keyless"] = engine.fetch(queries.get("billing", "keyless_requests"), _span(period)).rows[0][0]
    evidence = _evidence(engine, queries, pricing)
    reasons = engine.fetch(queries.get("billing", "quarantine_reasons")).rows
    unmetered = _unmetered(engine, queries, counts["billing_events"])
    publish_period(engine, queries, period, rated, evidence, summary, out)
    return Bill(rated, summary, ingested, reasons, unmetered)


def _span(period: Period | Segment) -> dict[str, object]:
    return {"start": period.start, "end": period.end}


def _usage(
    engine: Engine, queries: QueryLibrary, pricing: Pricing, period: Period
) -> Iterator[tuple[Segment, list[UsageTotal]]]:
    """Sum usage over each stretch of the period in which prices and assignments stay the same."""
    totals = queries.get("billing", "usage_totals")
    for segment in segments(period, pricing.book, pricing.customers):
        rows = engine.fetch(totals, _span(segment)).rows
        yield (
            segment,
            [
                UsageTotal(meter, subject_type, subject_id, dimension, int(quantity), events)
                for meter, subject_type, subject_id, dimension, quantity, events in rows
            ],
        )


def _counts(engine: Engine, queries: QueryLibrary) -> dict[str, Any]:
    counted = engine.fetch(queries.get("billing", "lake_counts"))
    return dict(zip(counted.columns, counted.rows[0], strict=True))


def _summary(
    period: Period, rated: Rated, counts: dict[str, Any], before: dict[str, Any], ingested: IngestReport
) -> dict[str, JsonValue]:
    """Count: the whole lake from its tables, the period from its rating, the run from the difference."""
    events = counts["api_requests"] + counts["billing_events"]
    return {
        "period": period.name,
        "objects": counts["objects"],
        "unreadable_objects": counts["unreadable_objects"] + len(ingested.unreadable),
        "lines": counts["lines"],
        "events": events,
        "duplicates": counts["lines"] - events - counts["quarantined"],
        "quarantined": counts["quarantined"],
        "unassigned": [usage.to_document() for usage in rated.unassigned],
        "unpriced": [usage.to_document() for usage in rated.unpriced],
        "invoices": len(rated.invoices),
        "total": {rated.currency: format_amount(rated.total, rated.currency)},
        "run": {
            "new_objects": counts["objects"] - before["objects"],
            "new_events": events - before["api_requests"] - before["billing_events"],
        },
    }


def _unmetered(engine: Engine, queries: QueryLibrary, events: int) -> list[tuple[str, int]]:
    """Find usage that no meter would ever bill, among so many billing events of the lake."""
    metered = metered_event_types(queries)
    if metered is None:
        return []
    meters = [meter.name for meter in queries.meters() if queries.sources(meter, (Source.BILLING_EVENTS,))]
    counted = engine.fetch(queries.get("billing", "metered_events"), {"meters": meters}).rows[0][0]
    if counted == events:  # each is counted by one meter: there is no need to look at all of them
        return []
    rows = engine.fetch(queries.get("audits", "unmetered_event_types"), {"metered": metered}).rows
    return [(event_type, events) for event_type, events, *_ in rows]


def _evidence(engine: Engine, queries: QueryLibrary, pricing: Pricing) -> Evidence:
    manifest = hashlib.sha256()
    for key, etag in engine.fetch(queries.get("billing", "manifest")).rows:
        manifest.update(f"{key}\t{etag}\n".encode())
    return Evidence(
        cutoff=None,
        queries={part.name: part.digest for meter in queries.meters() for part in (meter, *queries.views_of(meter))},
        price_book=pricing.book_digest,
        customers=pricing.customers_digest,
        manifest="sha256:" + manifest.hexdigest(),
        engine=engine.version,
    )
