"""`bill` against the reference: any lake, in any order, split into objects and runs, comes to the same.

How many lakes: `USAGELAKE_LAKES` (default 60 for each property); CHANGELOG and docs/testing say what longer runs found.
"""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests import reference
from tests.strategies import LakeSpec, lake
from usagelake.bootstrap import open_engine, open_pricing, open_storage
from usagelake.domain.money import format_amount
from usagelake.domain.period import Period
from usagelake.domain.schema import TABLES
from usagelake.engines import load_queries
from usagelake.services.bill import bill
from usagelake.services.pricing import load_pricing
from usagelake.services.progress import Silent
from usagelake.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from usagelake.engines.duckdb import DuckDBEngine

LAKES = int(os.environ.get("USAGELAKE_LAKES", "60"))
NOW = datetime(2026, 1, 1, tzinfo=UTC)
QUERIES = load_queries()

each_lake = settings(
    max_examples=LAKES,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a lake is drawn as bytes: shrinking tells little
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    """Open one lake for all examples: opening costs more than billing a small one."""
    with open_engine(QUERIES, Settings(), None) as opened:
        yield opened


def _empty(engine: DuckDBEngine) -> None:
    for table in TABLES:
        engine._connection.execute(f"DELETE FROM {table}")


def _bill(engine: DuckDBEngine, landing: Path, pricing: Path, period: str, out: Path) -> None:
    bill(
        engine,
        QUERIES,
        open_storage(str(landing)),
        load_pricing(open_pricing(str(pricing)), meters={meter.name for meter in QUERIES.meters()}),
        Period.parse(period),
        out,
        clock=lambda: NOW,
        progress=Silent(),
    )


def _invoices(out: Path, period: str) -> dict[str, Any]:
    found = {}
    for path in (out / "invoices" / period).iterdir():
        document = json.loads(path.read_bytes())
        for line in document["lines"]:
            line.pop("free_units", None)
            line.pop("steps", None)
            if line.pop("prorated", None) is not None:
                line.pop("amount_exact")
        found[path.stem] = {name: document[name] for name in ("customer_id", "lines", "total")}
    return found


def _published(engine: DuckDBEngine, period: str) -> dict[str, list[dict[str, Any]]]:
    """Read the invoice lines that stand in the lake, as invoices write them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for (
        customer_id,
        currency,
        charge_id,
        plan_id,
        version,
        meter,
        dimension,
        quantity,
        amount,
    ) in engine._connection.execute(
        "SELECT customer_id, currency, charge_id, plan_id, plan_version, meter, dimension, quantity, amount "
        "FROM latest_invoice_lines WHERE period = ? ORDER BY customer_id, line_number",
        [period],
    ).fetchall():
        line = {"charge_id": charge_id, "plan_id": plan_id, "plan_version": version.isoformat()}
        if meter is not None:
            line |= {"meter": meter, "dimension": dimension, "quantity": str(quantity)}
        found.setdefault(customer_id, []).append({**line, "amount": format_amount(amount, currency)})
    return found


def _expected_invoices(expected: reference.ReferenceResult, invoices: dict[str, Any]) -> dict[str, Any]:
    documents = {}
    for customer_id, invoice in expected.invoices.items():
        document = invoice.document()
        for line, written in zip(document["lines"], invoices[customer_id]["lines"], strict=False):
            if "amount_exact" not in written:
                line.pop("amount_exact", None)
        documents[customer_id] = document
    return documents


def _usage(engine: DuckDBEngine) -> dict[Any, tuple[int, int]]:
    rows = engine._connection.execute(
        "SELECT meter, subject_type, subject_id, hour, dimension, quantity, events FROM usage_hourly"
    ).fetchall()
    return {tuple(row[:5]): (int(row[5]), row[6]) for row in rows}


def _quarantine(engine: DuckDBEngine) -> dict[Any, int]:
    rows = engine._connection.execute("SELECT source, object_key, line, reason, occurrences FROM quarantine").fetchall()
    return {tuple(row[:4]): row[4] for row in rows}


def _expected_usage(expected: reference.ReferenceResult) -> dict[Any, tuple[int, int]]:
    return {
        (key.meter, key.subject_type, key.subject_id, key.hour.replace(tzinfo=None), key.dimension): counted
        for key, counted in expected.usage.items()
    }


def _check(engine: DuckDBEngine, out: Path, expected: reference.ReferenceResult, period: str) -> None:
    found, wanted = _quarantine(engine), dict(expected.lake.quarantine)
    assert found.items() - wanted.items() == set()
    assert wanted.items() - found.items() == set()
    summary = json.loads((out / "summary.json").read_bytes())
    assert {**summary, "run": None} == {**expected.summary, "run": None}
    invoices = _invoices(out, period)
    assert invoices == _expected_invoices(expected, invoices)
    assert _published(engine, period) == {
        customer_id: [{name: line[name] for name in line if name != "amount_exact"} for line in invoice["lines"]]
        for customer_id, invoice in invoices.items()
        if invoice["lines"]
    }
    assert _usage(engine) == _expected_usage(expected)


@each_lake
@given(spec=lake(conflicts="any_day"))
def test_one_run_comes_to_what_the_reference_says(engine: DuckDBEngine, spec: LakeSpec) -> None:
    """Counts, usage, quarantine, lines and totals are those of the reference; the lake holds the same lines."""
    _empty(engine)
    with tempfile.TemporaryDirectory() as folder:
        written = spec.write(Path(folder))
        _bill(engine, written.landing, written.pricing, spec.period, Path(folder) / "out")
        expected = reference.bill(written.landing, written.pricing, spec.period)
        _check(engine, Path(folder) / "out", expected, spec.period)


@each_lake
@given(spec=lake(conflicts="same_day"))
def test_several_runs_come_to_what_the_reference_says(engine: DuckDBEngine, spec: LakeSpec) -> None:
    """The same objects, taken in by several runs in any order, come to the same."""
    _empty(engine)
    with tempfile.TemporaryDirectory() as folder:
        written = spec.write_pricing(Path(folder))
        for number in range(len(spec.runs)):
            spec.write_run(written.landing, number)
            _bill(engine, written.landing, written.pricing, spec.period, Path(folder) / "out")
        expected = reference.bill(written.landing, written.pricing, spec.period, spec.runs)
        _check(engine, Path(folder) / "out", expected, spec.period)
