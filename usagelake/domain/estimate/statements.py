"""How many statements Athena runs, and what each scans.

The counts follow `services/ingest.py`, `services/roll_up.py` and `services/bill.py`; a test counts the statements of
real runs and holds them against these. What a statement scans was measured: `python -m bench.athena_bytes`, which
docs/cost.md shows, and each figure here is the larger of both sources', rounded up. DDL is free and left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from usagelake.domain.estimate.workload import HOURS, Cadence, Workload, shared_out
from usagelake.domain.landing import Source

if TYPE_CHECKING:
    from usagelake.domain.estimate.price_list import CloudPrice

PACKED_PERCENT: Final = 16
"""What gzip leaves of a line, in the work area that Athena reads it from."""

BATCH_BYTES: Final = 192 * 1024 * 1024
BATCH_OBJECTS: Final = 20_000
"""One batch of a run, at most, as the Athena engine takes them in."""

DEDUP_HOURS: Final = 72
"""A batch's ids are looked for within its event days and a day on both sides: yesterday, today, and a day of late."""

WINDOW_HOURS: Final = 3
"""The files that hold one window's events: runs before and after its hour have written to it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a run, and what it scans.

    Args:
        name: The SQL file, as `kind/name`.
        times: How often a run runs it.
        source: Whose lines it reads; None for those of all.
        packed_lines: Whether it reads the batch's lines themselves.
        batch_bytes: What it reads of the staged batch, per line.
        stored_bytes: What it reads of stored events, per event.
        stored_hours: How many hours of stored events it reads.
        object_bytes: What it reads per object that was ever taken.
    """

    name: str
    times: int
    source: Source | None = None
    packed_lines: bool = False
    batch_bytes: int = 0
    stored_bytes: int = 0
    stored_hours: int = 0
    object_bytes: int = 0


_INGEST: Final = (
    Statement("events/span_of", 1, batch_bytes=5),
    Statement("events/merge", 1, batch_bytes=160, stored_bytes=26, stored_hours=DEDUP_HOURS),
    Statement("events/quarantine", 1, batch_bytes=155, stored_bytes=34, stored_hours=DEDUP_HOURS),
)
_METER: Final = (
    Statement("meters/*", 1, stored_bytes=8, stored_hours=WINDOW_HOURS),
    Statement("rollup/drop_vanished_usage", 1, stored_bytes=1, stored_hours=24),
    Statement("rollup/merge_usage_hourly", 1, stored_bytes=2, stored_hours=24),
)


def idle_statements() -> tuple[Statement, ...]:
    """What a run asks before it knows whether there is anything to do."""
    return (
        Statement("events/taken_objects", 1, object_bytes=40),
        Statement("rollup/rolled_meters", 1),
        Statement("rollup/stale_hours", 1),
    )


def source_statements(source: Source, *, meters: int, windows: int, batches: int) -> tuple[Statement, ...]:
    """What a run does besides for one source whose lines it has found.

    Args:
        source: The source.
        meters: How many meters read it.
        windows: Stretches of time that late and new lines fall into.
        batches: How many batches the run takes its lines in.
    """
    ingest = (replace(each, name=f"{each.name}_{source}", times=batches, source=source) for each in _INGEST)
    roll_up = (replace(each, times=meters * windows, source=source) for each in _METER)
    return (*ingest, *roll_up)


def batch_statements(*, batches: int) -> tuple[Statement, ...]:
    """What a run that has found anything does besides, whatever it is.

    It stages both sources, since what one has left from the run before must go.
    """
    return (
        *(Statement(f"landing/landed_{source}", batches, source, packed_lines=True) for source in Source),
        Statement("rollup/mark_stale_hours", batches, batch_bytes=4),
        Statement("events/record_objects", batches, batch_bytes=1, object_bytes=72),
        Statement("rollup/clear_stale_hours", 1),
    )


def draft_statements(*, segments: int = 1) -> tuple[Statement, ...]:
    """What writing the drafts of the open month takes: this is a billing run.

    Args:
        segments: Stretches of the month in which prices and assignments stay the same.
    """
    return (
        Statement("rollup/stale_hours", 1),
        Statement("rollup/rolled_meters", 1),
        Statement("publish customers", 1),
        Statement("billing/usage_totals", segments, stored_bytes=1, stored_hours=HOURS),
        Statement("billing/lake_counts", 1, object_bytes=4),
        Statement("billing/keyless_requests", 1, Source.API_REQUESTS, stored_bytes=5, stored_hours=HOURS),
        Statement("billing/manifest", 1, object_bytes=62),
        Statement("billing/quarantine_reasons", 1),
        Statement("billing/metered_events", 1, stored_bytes=1, stored_hours=HOURS),
        Statement("billing/newest_revision", 1),
        Statement("append invoice_lines", 1),
    )


@dataclass(frozen=True, slots=True)
class Executions:
    """A month's runs of some statements.

    Args:
        what: What they are for.
        count: How many statements.
        scanned: Bytes that Athena charges for, with its minimum.
    """

    what: str
    count: int
    scanned: int


def executions(load: Workload, price: CloudPrice, *, objects: int) -> list[Executions]:
    """Reckon a month's statements.

    Args:
        load: The month.
        price: Of bytes scanned, for the minimum of a query.
        objects: Landing objects of a month.
    """
    kept = objects * load.landing_months
    looks = load.roll_up.runs + load.sweeps
    found = [_executed("looking for what is new", idle_statements(), load, price, looks, kept, 1)]
    for source in Source:
        runs, batches = load.runs_with(source), batches_of(load, objects)
        statements = source_statements(source, meters=load.meters[source], windows=load.windows, batches=batches)
        ingest = tuple(each for each in statements if each.name.startswith("events/"))
        roll_up = statements[len(ingest) :]
        found.append(_executed(f"ingest of {source}", ingest, load, price, runs, kept, batches))
        found.append(_executed(f"roll-up of {source}", roll_up, load, price, runs, kept, batches))
    batches = batches_of(load, objects)
    found.append(_executed("ingest of both", batch_statements(batches=batches), load, price, load.runs, kept, batches))
    found.append(_executed("drafts", draft_statements(), load, price, load.drafts.runs, kept, 1))
    asked = Statement("analyst/*", 1, stored_bytes=20, stored_hours=HOURS)
    found.append(_executed("analysts' queries", (asked,), load, price, load.analyst_queries, kept, 1))
    return found


def batches_of(load: Workload, objects: int) -> int:
    """Tell how many batches a run takes its lines in."""
    size = shared_out(load.lines * load.bytes_per_line, load.runs)
    return max(1, shared_out(size, BATCH_BYTES), shared_out(shared_out(objects, load.runs), BATCH_OBJECTS))


def billing_run(load: Workload, price: CloudPrice, *, objects: int) -> Executions:
    """Reckon one billing run: the drafts of the open month, once."""
    kept = objects * load.landing_months
    return _executed("a billing run", draft_statements(), replace(load, drafts=Cadence.DAILY), price, 1, kept, 1)


def _executed(
    what: str,
    statements: tuple[Statement, ...],
    load: Workload,
    price: CloudPrice,
    runs: int,
    kept: int,
    batches: int,
) -> Executions:
    charged = sum(each.times * price.charged(_size(each, load, kept, batches)) for each in statements)
    return Executions(what, runs * sum(each.times for each in statements), runs * charged)


def _size(statement: Statement, load: Workload, kept: int, batches: int) -> int:
    """Tell what one execution scans, in bytes."""
    source = statement.source
    lines = load.lines if source is None else load.lines_of(source)
    runs = load.runs if source is None else load.runs_with(source)
    batch = shared_out(shared_out(lines, runs), batches)
    packed = shared_out(batch * load.bytes_per_line * PACKED_PERCENT, 100) if statement.packed_lines else 0
    stored = shared_out(lines * statement.stored_hours, HOURS)
    return packed + batch * statement.batch_bytes + stored * statement.stored_bytes + kept * statement.object_bytes
