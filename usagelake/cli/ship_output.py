"""What `usagelake ship` says: while it works, to monitoring, and in the end."""

from __future__ import annotations

import json
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from usagelake.cli.console import stdout_console, table
from usagelake.shipping.drop_reason import REFUSED
from usagelake.shipping.metrics import EmfSink, PrometheusFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from usagelake.cli.ship_run import Outcome
    from usagelake.shipping.config import ShippingConfig
    from usagelake.shipping.metrics import Sink
    from usagelake.shipping.snapshot import Snapshot

EMF: Final = "emf"
_SAY_EVERY: Final = 50.0
"""Seconds between two lines at least: the snapshot at the end is told in a table."""


class Progress:
    """Says now and then, on standard error, how far delivery is.

    Args:
        quiet: Say nothing.
        clock: Seconds that never go back.
    """

    def __init__(self, *, quiet: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._quiet = quiet
        self._clock = clock
        self._said_at = clock()

    def say(self, text: str) -> None:
        """Say something."""
        if not self._quiet:
            click.echo(f"usagelake: {text}", err=True)

    def __call__(self, snapshot: Snapshot) -> None:
        """Take a snapshot, as a sink of metrics does."""
        if self._clock() - self._said_at < _SAY_EVERY:
            return
        self._said_at = self._clock()
        text = f"{snapshot.delivered:,} events delivered in {snapshot.batches:,} objects, {snapshot.waiting:,} waiting"
        if snapshot.waiting:
            text += f", the oldest for {snapshot.oldest_age:,.0f} s"
        if dropped := sum(snapshot.dropped.values()) + snapshot.failed:
            text += f", {dropped:,} refused or lost"
        self.say(text)


def metrics_sink(where: str) -> Sink:
    """Choose the sink that a user names: `emf`, or a file for Prometheus."""
    if where == EMF:
        return EmfSink(_write_at_once, dimensions={"host": platform.node() or "unknown"})
    return PrometheusFile(Path(where))


def tell(outcome: Outcome, config: ShippingConfig, *, as_json: bool, quiet: bool, table_to_stderr: bool) -> None:
    """Tell how a run ended: what went wrong on standard error, the counts on standard output.

    Args:
        outcome: The run.
        config: What the shipper was told.
        as_json: Write the counts as JSON.
        quiet: Leave the table out.
        table_to_stderr: Standard output belongs to somebody else.
    """
    for note in _notes(outcome, config):
        click.echo(f"usagelake: {note}", err=True)
    if as_json:
        click.echo(json.dumps(asdict(outcome.snapshot), indent=2, sort_keys=True))
    elif not quiet:
        console = stdout_console()
        console.stderr = table_to_stderr
        console.print(table(None, [("events", "left"), ("", "right")], _rows(outcome.snapshot)))


def _notes(outcome: Outcome, config: ShippingConfig) -> list[str]:
    """Name what somebody has to know."""
    snapshot = outcome.snapshot
    notes = list(outcome.failures)
    if outcome.refused:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in snapshot.dropped.items() if reason in REFUSED)
        kept = "they are not kept; use --spool" if config.spool is None else f"see {config.spool / 'rejected.jsonl'}"
        notes.append(f"lines that cannot be delivered: {outcome.refused:,} ({reasons}); {kept}")
    if outcome.lost:
        remedy = "a --spool keeps them" if config.spool is None else "the spool was full, or could not be used"
        notes.append(f"events lost: {outcome.lost:,}; {remedy}")
    if snapshot.spooled:
        notes.append(f"events left in {config.spool}: {snapshot.spooled:,}; the next run with this spool delivers them")
    return notes


def _rows(snapshot: Snapshot) -> list[tuple[str, str]]:
    rows = [("offered", snapshot.offered)]
    rows += [("recovered from the spool", snapshot.recovered)] if snapshot.recovered else []
    rows += [("delivered", snapshot.delivered)]
    rows += [(f"dropped: {reason}", count) for reason, count in snapshot.dropped.items() if count]
    rows += [("failed", snapshot.failed)] if snapshot.failed else []
    rows += [("left in the spool", snapshot.spooled)] if snapshot.spooled else []
    counts = [(name, f"{count:,}") for name, count in rows]
    return [*counts, ("objects", f"{snapshot.batches:,}"), ("bytes", f"{snapshot.bytes:,}")]


def _write_at_once(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
