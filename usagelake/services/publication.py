"""Writing what a billed period leaves: all of it, or nothing of it."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from usagelake.domain.canonical_json import canonical_json
from usagelake.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.engines import Engine, QueryLibrary
    from usagelake.services.rate_period import Bill

RESULTS = ("usage_hourly.parquet", "quarantine.ndjson", "summary.json")
"""The files that stand beside the invoices."""


def publish_period(engine: Engine, queries: QueryLibrary, done: Bill, out: Path) -> None:
    """Write invoices, usage, quarantine and summary into a folder.

    Everything is written beside first, so that a full disk leaves the former results as they were; then each
    takes its place by a rename, the invoices of the period as one folder.

    Args:
        engine: Where usage and quarantine lie.
        queries: The SQL.
        done: The billed period.
        out: The folder; it is made if need be.

    Raises:
        EngineError: Usage or quarantine could not be written.
        StorageError: Something that is not ours stands where a result goes; nothing was replaced.
        OSError: Anything else could not be written.
    """
    period = done.period
    invoices = out / "invoices"
    invoices.mkdir(parents=True, exist_ok=True)
    coming = invoices / f".{period.name}.coming"
    going = invoices / f".{period.name}.going"
    current = invoices / period.name
    _refuse_what_is_in_the_way(current, going, out)
    _finish_former(current, going)
    shutil.rmtree(coming, ignore_errors=True)
    try:
        coming.mkdir()
        for invoice in done.rated.invoices:
            (coming / f"{invoice.customer_id}.json").write_bytes(invoice.to_json(done.evidence))
        parts = {name: out / f".{name}.coming" for name in RESULTS}
        engine.export(
            queries.get("billing", "usage_of_period"),
            {"start": period.start, "end": period.end},
            parts["usage_hourly.parquet"],
            "parquet",
        )
        engine.export(queries.get("billing", "quarantined_lines"), {}, parts["quarantine.ndjson"], "ndjson")
        parts["summary.json"].write_bytes(canonical_json(done.summary))
        _exchange(current, coming, going)
    except BaseException as error:
        if isinstance(error, OSError):
            error.filename = error.filename or str(out)
        shutil.rmtree(coming, ignore_errors=True)
        for leftover in out.glob(".*.coming"):
            with suppress(OSError):
                leftover.unlink()
        raise
    shutil.rmtree(going, ignore_errors=True)
    for name, path in parts.items():
        path.replace(out / name)


def _refuse_what_is_in_the_way(current: Path, going: Path, out: Path) -> None:
    """Find out before anything is replaced that a file stands where a folder goes, or the other way round."""
    for folder in (current, going):
        if folder.exists() and not folder.is_dir():
            raise StorageError(f"{folder}: a file is in the way of the period's folder; move it and run again")
    for name in RESULTS:
        if (out / name).is_dir():
            raise StorageError(f"{out / name}: a folder is in the way of that file; move it and run again")


def _exchange(current: Path, coming: Path, going: Path) -> None:
    """Put a folder in the place of another, or leave the other where it was."""
    if current.exists():
        current.rename(going)
    try:
        coming.rename(current)
    except BaseException:
        _finish_former(current, going)
        raise


def _finish_former(current: Path, going: Path) -> None:
    """Put back what a run that was killed between its two renames had taken away."""
    if going.exists():
        if current.exists():
            shutil.rmtree(going)
        else:
            going.rename(current)
