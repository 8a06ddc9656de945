"""What must hold of the reference on any lake, and that the product's rating agrees with its own."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

from hypothesis import given, settings

from tests.reference import ReferenceResult, bill
from tests.strategies import LakeSpec, lake
from tests.strategies.books import METERS
from usagelake.domain.customers_file import load_customers
from usagelake.domain.period import Period
from usagelake.domain.price_book_file import load_price_book
from usagelake.domain.rating.rate import rate
from usagelake.domain.rating.segments import Segment, segments
from usagelake.domain.usage import UsageTotal


def _bill(spec: LakeSpec, *, by_runs: bool = False) -> ReferenceResult:
    with tempfile.TemporaryDirectory() as folder:
        written = spec.write(Path(folder))
        return bill(written.landing, written.pricing, spec.period, spec.runs if by_runs else None)


@settings(max_examples=25, deadline=None)
@given(lake(conflicts="any_day"))
def test_every_line_is_accounted_for(spec: LakeSpec) -> None:
    """Lines are events, duplicates or quarantined, and amounts add up."""
    result = _bill(spec)
    summary = result.summary
    assert summary["objects"] == len(spec.objects)
    assert summary["lines"] == summary["events"] + summary["duplicates"] + summary["quarantined"]
    assert summary["invoices"] == len(result.invoices)
    for invoice in result.invoices.values():
        assert invoice.total == sum(line.amount for line in invoice.lines)
        assert all(line.quantity is None or line.quantity or line.amount_exact for line in invoice.lines)


@settings(max_examples=25, deadline=None)
@given(lake(conflicts="none"))
def test_runs_change_nothing_without_conflicts(spec: LakeSpec) -> None:
    """Objects may come in any number of runs."""
    at_once, by_runs = _bill(spec), _bill(spec, by_runs=True)
    assert by_runs.summary == at_once.summary
    assert by_runs.usage == at_once.usage
    assert by_runs.invoices == at_once.invoices
    assert by_runs.lake.quarantine == at_once.lake.quarantine


@settings(max_examples=25, deadline=None)
@given(lake(conflicts="same_day"))
def test_runs_change_only_which_content_stays(spec: LakeSpec) -> None:
    """With conflicts the ids are the same; each stays with one content of its own."""
    at_once, by_runs = _bill(spec), _bill(spec, by_runs=True)
    assert by_runs.lake.requests.keys() == at_once.lake.requests.keys()
    assert by_runs.lake.events.keys() == at_once.lake.events.keys()
    if not spec.has_conflicts:
        assert by_runs.summary == at_once.summary


@settings(max_examples=50, deadline=None)
@given(lake(conflicts="none", unreadable=False))
def test_the_product_rates_as_the_reference_does(spec: LakeSpec) -> None:
    """Two ratings, written apart, come to the same invoices from the same usage."""
    result = _bill(spec)
    period = Period.parse(spec.period)
    book = load_price_book(spec.price_book, meters=METERS)
    customers = load_customers(spec.customers, plans=book.plans)
    totals: dict[Segment, list[UsageTotal]] = defaultdict(list)
    parts = segments(period, book, customers)
    for key, (quantity, events) in result.usage.items():
        for segment in parts:
            if segment.start <= key.hour < segment.end:
                total = (key.meter, key.subject_type, key.subject_id, key.dimension, quantity, events)
                totals[segment].append(UsageTotal(*total))
    rated = rate(period, totals.items(), book, customers)
    assert [entry.to_document() for entry in rated.unassigned] == result.summary["unassigned"]
    assert [entry.to_document() for entry in rated.unpriced] == result.summary["unpriced"]
    ours = {invoice.customer_id: invoice for invoice in rated.invoices}
    assert ours.keys() == result.invoices.keys()
    for customer_id, reference in result.invoices.items():
        document = reference.document()
        lines = [line.to_document(book.currency) for line in ours[customer_id].lines]
        shown = [
            {name: line.get(name) for name in expected} for line, expected in zip(lines, document["lines"], strict=True)
        ]
        assert shown == document["lines"]
        assert ours[customer_id].total == reference.total
