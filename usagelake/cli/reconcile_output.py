"""What a reconciliation found, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.text import Text

from usagelake.cli.console import printable, table
from usagelake.cli.details import finding_members
from usagelake.domain.period import format_instant
from usagelake.services.reconcile.by_manifest import BLIND_SPOTS
from usagelake.services.reconcile.ledger import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from rich.console import Console

    from usagelake.services.reconcile.by_manifest import CountReconciliation, Span
    from usagelake.services.reconcile.ledger import Counts
    from usagelake.services.reconcile.report import LeftOut, Reconciliation, Side
    from usagelake.services.reconcile.window import Window

_CELLS_SHOWN = 50
_COUNTS = ("emitted", "landed", "missing", "extra", "different", "duplicate", "in several", "emitted again")
_SPANS = ("emitted", "landed")


def delivery_answer(found: Reconciliation, window: Window) -> dict[str, Any]:
    """Give a reconciliation by id as JSON has it."""
    return {
        "equal": found.equal,
        "window": _window_members(window),
        "emitted": _side_members(found.emitted, "files"),
        "landed": _side_members(found.landed, "objects"),
        "left_out": asdict(found.left_out),
        "total": _counts_members(found.total),
        "event_types": {event_type: _counts_members(counts) for event_type, counts in found.by_event_type().items()},
        "minutes": [
            {"event_type": cell.event_type, "minute": format_instant(cell.minute), **_counts_members(counts)}
            for cell, counts in found.cells.items()
        ],
        "named": {kind.value: [finding_members(finding) for finding in named] for kind, named in found.named.items()},
    }


def counts_answer(found: CountReconciliation, window: Window) -> dict[str, Any]:
    """Give a reconciliation of counts as JSON has it."""
    return {
        "equal": found.equal,
        "cannot_see": BLIND_SPOTS,
        "window": _window_members(window),
        "emitted": _side_members(found.emitted, "files"),
        "landed": {
            "objects": found.objects,
            "without_manifest": found.without_manifest,
            "without_manifest_example": found.without_manifest_example,
        },
        "left_out": asdict(found.left_out),
        "event_types": {event_type: _span_members(span) for event_type, span in found.totals.items()},
        "hours": [
            {"event_type": event_type, "hour": format_instant(hour), **_span_members(span)}
            for (event_type, hour), span in found.hours.items()
        ],
    }


def print_delivery(console: Console, found: Reconciliation, details: Path | None) -> None:
    """Show a reconciliation by id."""
    rows = [(printable(event_type), *_figures(counts)) for event_type, counts in found.by_event_type().items()]
    rows.append(("total", *_figures(found.total)))
    console.print(table("Delivery", [("event type", "left"), *((name, "right") for name in _COUNTS)], rows))
    amiss = [
        (printable(cell.event_type), _minute(cell.minute), *_figures(counts))
        for cell, counts in found.cells.items()
        if not counts.equal
    ]
    _print_cells(console, "Minutes that differ", "minute", _COUNTS, amiss)
    for kind in Kind:
        named = found.named[kind]
        total = getattr(found.total, kind.value)
        if named:
            _print_lines(console, f"{total:,} {kind.value}", (_named(finding_members(finding)) for finding in named))
            if len(named) < total:
                where = f"in {details}" if details is not None else "with --details FILE"
                console.print(Text(f"  … and {total - len(named):,} more, all of them {where}"))
    _print_side(console, "emitted", "files", found.emitted)
    _print_side(console, "landed", "objects", found.landed)
    _print_left_out(console, found.left_out)
    console.print(
        "\n[bold]equal[/bold]: each emitted event landed once, as it was emitted"
        if found.equal
        else "\n[bold]they differ[/bold]"
    )


def print_counts(console: Console, found: CountReconciliation) -> None:
    """Show a reconciliation of counts."""
    rows = [(printable(event_type), *_spans(span)) for event_type, span in found.totals.items()]
    console.print(table("Counts by manifest", [("event type", "left"), *((name, "right") for name in _SPANS)], rows))
    amiss = [
        (printable(event_type), _minute(hour), *_spans(span))
        for (event_type, hour), span in found.hours.items()
        if not span.equal(found.bad_lines)
    ]
    _print_cells(console, "Hours that differ", "hour", _SPANS, amiss)
    _print_side(console, "emitted", "files", found.emitted)
    if found.bad_lines:
        console.print(f"  objects may count those {found.bad_lines:,}; a count may be larger by as many")
    console.print(f"landed: the manifests of {found.objects:,} objects")
    if found.without_manifest:
        example = printable(found.without_manifest_example or "")
        console.print(Text(f"  • {found.without_manifest:,} objects without a sound manifest (such as {example})"))
    _print_left_out(console, found.left_out)
    console.print(f"\n[bold]{'the counts agree' if found.equal else 'they differ'}[/bold]. {BLIND_SPOTS}")


def _print_cells(
    console: Console, title: str, time: str, columns: Iterable[str], rows: Sequence[tuple[str, ...]]
) -> None:
    if not rows:
        return
    headings = [("event type", "left"), (time, "left"), *((name, "right") for name in columns)]
    console.print(table(title, headings, rows[:_CELLS_SHOWN]))
    if len(rows) > _CELLS_SHOWN:
        console.print(f"… and {len(rows) - _CELLS_SHOWN:,} more; --json has all\n")


def _print_side(console: Console, name: str, sources: str, side: Side) -> None:
    outside = f", {side.outside:,} outside the window" if side.outside else ""
    bad = sum(rejections.lines for rejections in side.rejected.values())
    rejected = f", {bad:,} no billing events" if bad else ""
    console.print(
        f"{name}: {side.lines:,} lines in {side.sources:,} {sources}: {side.events:,} events{outside}{rejected}"
    )
    _print_lines(
        console,
        None,
        (
            f"{rejections.lines:,} x {reason.value} (in {rejections.example})"
            for reason, rejections in sorted(side.rejected.items())
        ),
    )


def _print_left_out(console: Console, left_out: LeftOut) -> None:
    notes = []
    if left_out.access_logs:
        notes.append(f"{left_out.access_logs:,} objects of access logs")
    if left_out.by_time:
        notes.append(f"{left_out.by_time:,} objects too far from the window by their keys' time (--margin)")
    if left_out.other:
        notes.append(f"{left_out.other:,} that are no landing objects by name (such as {left_out.other_example})")
    _print_lines(console, "not read:" if notes else None, notes)


def _print_lines(console: Console, title: str | None, lines: Iterable[str]) -> None:
    if title is not None:
        console.print(Text(title))
    for line in lines:
        console.print(Text(f"  • {printable(line)}"))


def _named(members: Mapping[str, str | None]) -> str:
    places = ", ".join(
        f"{verb} in {members[place]}"
        for place, verb in (("emitted_in", "emitted"), ("landed_in", "landed"))
        if members[place] is not None
    )
    return f"{members['id']} ({members['event_type']}, {members['timestamp']}) {places}"


def _figures(counts: Counts) -> tuple[str, ...]:
    return tuple(f"{count:,}" for count in _counts_members(counts).values())


def _counts_members(counts: Counts) -> dict[str, int]:
    return {name.replace(" ", "_"): getattr(counts, name.replace(" ", "_")) for name in _COUNTS}


def _spans(span: Span) -> tuple[str, str]:
    landed = f"{span.at_least:,}" if span.at_least == span.at_most else f"{span.at_least:,} to {span.at_most:,}"
    return f"{span.emitted:,}", landed


def _span_members(span: Span) -> dict[str, int]:
    return {"emitted": span.emitted, "landed_at_least": span.at_least, "landed_at_most": span.at_most}


def _side_members(side: Side, sources: str) -> dict[str, Any]:
    return {
        sources: side.sources,
        "lines": side.lines,
        "events": side.events,
        "outside": side.outside,
        "rejected": [
            {"reason": reason.value, "lines": rejections.lines, "example": rejections.example}
            for reason, rejections in sorted(side.rejected.items())
        ],
    }


def _window_members(window: Window) -> dict[str, str | None]:
    ends = {"from": window.start, "to": window.end}
    return {name: None if instant is None else format_instant(instant) for name, instant in ends.items()}


def _minute(instant: datetime) -> str:
    return f"{format_instant(instant)[:16]}Z"
