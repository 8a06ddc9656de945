"""Rate a period: price the usage that the lake has rolled up, and say what could not be priced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usagelake.domain.landing import Source
from usagelake.domain.money import format_amount
from usagelake.domain.rating.rate import Rated, rate
from usagelake.domain.rating.segments import segments
from usagelake.domain.usage import UsageTotal
from usagelake.engines import metered_event_types
from usagelake.services.evidence import draft_evidence
from usagelake.services.ingest import IngestReport
from usagelake.services.lake_counts import LakeCounts, count_lake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usagelake.domain.canonical_json import JsonValue
    from usagelake.domain.invoice import Evidence
    from usagelake.domain.period import Period
    from usagelake.domain.rating.segments import Segment
    from usagelake.engines import Engine, QueryLibrary
    from usagelake.services.pricing import Pricing

_NOTHING_INGESTED = IngestReport(new_objects=0, unreadable=(), ignored=0, ignored_example=None)


@dataclass(frozen=True, slots=True)
class Bill:
    """A billed period.

    Attributes:
        period: Which one.
        rated: Invoices, and what could not be billed.
        evidence: What the invoices were computed from.
        summary: What `summary.json` holds.
        ingested: What ingest met.
        quarantine: Why lines are in quarantine: source, reason, lines, an object that holds one.
        unmetered: Event types of the lake that no meter reads, each with its events.
    """

    period: Period
    rated: Rated
    evidence: Evidence
    summary: dict[str, JsonValue]
    ingested: IngestReport
    quarantine: list[tuple[str, str, int, str]]
    unmetered: list[tuple[str, int]]


def rate_period(
    engine: Engine,
    queries: QueryLibrary,
    pricing: Pricing,
    period: Period,
    *,
    before: LakeCounts | None = None,
    ingested: IngestReport = _NOTHING_INGESTED,
) -> Bill:
    """Price a period from `usage_hourly` as it stands, reading no landing object and rolling nothing up.

    The table `customers` is set to the given ones, so that whoever asks the lake sees what was billed.

    Args:
        engine: Where the lake lies.
        queries: The SQL.
        pricing: Prices and customers.
        period: What to price.
        before: What the lake held when the run began; None when the run adds nothing.
        ingested: What the run took in before.

    Raises:
        EngineError: A statement failed.
    """
    engine.publish("customers", pricing.customer_rows())
    rated = rate(period, _usage(engine, queries, pricing, period), pricing.book, pricing.customers)
    counts = count_lake(engine, queries)
    summary = _summary(period, rated, counts, before or counts, ingested)
    summary["keyless"] = engine.fetch(queries.get("billing", "keyless_requests"), _span(period)).rows[0][0]
    return Bill(
        period=period,
        rated=rated,
        evidence=draft_evidence(engine, queries, pricing),
        summary=summary,
        ingested=ingested,
        quarantine=engine.fetch(queries.get("billing", "quarantine_reasons")).rows,
        unmetered=_unmetered(engine, queries, counts.billing_events),
    )


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


def _summary(
    period: Period, rated: Rated, counts: LakeCounts, before: LakeCounts, ingested: IngestReport
) -> dict[str, JsonValue]:
    """Count: the whole lake from its tables, the period from its rating, the run from the difference."""
    return {
        "period": period.name,
        "objects": counts.objects,
        "unreadable_objects": counts.unreadable_objects + len(ingested.unreadable),
        "lines": counts.lines,
        "events": counts.events,
        "duplicates": counts.duplicates,
        "quarantined": counts.quarantined,
        "unassigned": [usage.to_document() for usage in rated.unassigned],
        "unpriced": [usage.to_document() for usage in rated.unpriced],
        "invoices": len(rated.invoices),
        "total": {rated.currency: format_amount(rated.total, rated.currency)},
        "run": {
            "new_objects": counts.objects - before.objects,
            "new_events": counts.events - before.events,
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
