"""Writing what a billed period leaves: all of it, or nothing of it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from usagelake.domain.canonical_json import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from usagelake.domain.canonical_json import JsonValue
    from usagelake.domain.invoice import Evidence
    from usagelake.domain.period import Period
    from usagelake.domain.rating.rate import Rated
    from usagelake.engines import Engine, QueryLibrary


def publish_period(
    engine: Engine,
    queries: QueryLibrary,
    period: Period,
    rated: Rated,
    evidence: Evidence,
    summary: Mapping[str, JsonValue],
    out: Path,
) -> None:
    """Write invoices, usage, quarantine and summary into a folder.

    Everything is written beside first, so that a full disk leaves the former results as they were; then each
    takes its place by a rename, the invoices of the period as one folder.

    Args:
        engine: Where usage and quarantine lie.
        queries: The SQL.
        period: The billed period.
        rated: Its invoices.
        evidence: What they were computed from.
        summary: What `summary.json` holds.
        out: The folder; it is made if need be.

    Raises:
        EngineError: Usage or quarantine could not be written.
        OSError: Anything else could not.
    """
    invoices = out / "invoices"
    invoices.mkdir(parents=True, exist_ok=True)
    coming = invoices / f".{period.name}.coming"
    going = invoices / f".{period.name}.going"
    current = invoices / period.name
    _finish_former(current, going)
    shutil.rmtree(coming, ignore_errors=True)
    try:
        coming.mkdir()
        for invoice in rated.invoices:
            (coming / f"{invoice.customer_id}.json").write_bytes(invoice.to_json(evidence))
        parts = {
            name: out / f".{name}.coming" for name in ("usage_hourly.parquet", "quarantine.ndjson", "summary.json")
        }
        engine.export(
            queries.get("billing", "usage_of_period"),
            {"start": period.start, "end": period.end},
            parts["usage_hourly.parquet"],
            "parquet",
        )
        engine.export(queries.get("billing", "quarantined_lines"), {}, parts["quarantine.ndjson"], "ndjson")
        parts["summary.json"].write_bytes(canonical_json(summary))
    except BaseException as error:
        if isinstance(error, OSError):
            error.filename = error.filename or str(out)
        shutil.rmtree(coming, ignore_errors=True)
        for leftover in out.glob(".*.coming"):
            leftover.unlink(missing_ok=True)
        raise
    if current.exists():
        current.rename(going)
    try:
        coming.rename(current)
    except BaseException:
        _finish_former(current, going)
        raise
    shutil.rmtree(going, ignore_errors=True)
    for name, path in parts.items():
        path.replace(out / name)


def _finish_former(current: Path, going: Path) -> None:
    """Put back what a run that was killed between its two renames had taken away."""
    if going.exists():
        if current.exists():
            shutil.rmtree(going)
        else:
            going.rename(current)
