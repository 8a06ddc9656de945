"""The bytes that the estimate takes for granted are those that the benchmark weighs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.scans import scans
from bench.weights import Measured, Weighed, measure
from usagelake.domain.estimate.objects import TABLE_BYTES
from usagelake.domain.estimate.statements import PACKED_PERCENT, batch_statements, source_statements
from usagelake.domain.landing import Source
from usagelake.engines import load_queries, working_schema
from usagelake.simulation.options import SimulationOptions
from usagelake.simulation.simulate import simulate

if TYPE_CHECKING:
    from pathlib import Path

QUERIES = load_queries()
SCHEMA = working_schema(QUERIES)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Twenty thousand events in large objects: few enough to be quick, and enough that files' own bytes hardly show."""
    folder: Path = tmp_path_factory.mktemp("weights")
    options = SimulationOptions(api_requests=10_000, billing_events=10_000, object_age_s=None, compressed=0)
    account = simulate(options, folder / "landing")
    (folder / "scratch").mkdir()
    found = measure("small", folder / "landing", QUERIES, folder / "scratch")
    assert found.events.total() == account.summary()["events"]
    return found


def weigh(measured: Measured, name: str) -> Weighed:
    return Weighed.of(measured, scans(QUERIES.find(name), QUERIES, SCHEMA))


@pytest.mark.parametrize("kind", ["span_of", "merge", "quarantine"])
def test_a_statement_scans_what_the_model_says(measured: Measured, kind: str) -> None:
    """Of the batch and of stored events, the larger of both sources, within a quarter."""
    model = source_statements(Source.API_REQUESTS, meters=1, windows=1, batches=1)
    said = next(each for each in model if each.name.startswith(f"events/{kind}"))
    weighed = [weigh(measured, f"events/{kind}_{source}") for source in Source]
    assert max(each.batch / each.events for each in weighed) == pytest.approx(said.batch_bytes, rel=0.25)
    assert max(each.tables / each.events for each in weighed) == pytest.approx(said.stored_bytes, rel=0.25)


def test_meters_scan_no_more_than_the_model_says(measured: Measured) -> None:
    """Each reads a few narrow columns; in a small file they are a little wider."""
    said = next(
        each
        for each in source_statements(Source.API_REQUESTS, meters=1, windows=1, batches=1)
        if each.name == "meters/*"
    )
    for meter in QUERIES.meters():
        weighed = weigh(measured, f"meters/{meter.name}")
        assert weighed.tables / weighed.events <= said.stored_bytes * 1.25


def test_lines_are_packed_and_tables_are_as_small_as_the_model_says(measured: Measured) -> None:
    """By gzip to about a sixth, and as event tables to some 36 bytes an event."""
    assert measured.packed.total() * 100 / measured.lines.total() <= PACKED_PERCENT * 1.1
    kept = sum(measured.columns[source].total() for source in Source)
    assert kept / measured.events.total() == pytest.approx(TABLE_BYTES, rel=0.25)


def test_an_object_weighs_what_the_model_says(measured: Measured) -> None:
    """A row of ingested_objects, which the merge that records objects reads whole."""
    said = next(each for each in batch_statements(batches=1) if each.name == "events/record_objects")
    weighed = weigh(measured, "events/record_objects")
    assert weighed.tables / measured.objects <= said.object_bytes * 2.5  # in a table of few rows
