"""`usagelake spool-size`: what riding out an outage takes, and what is lost."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

import click

from usagelake.cli.console import stdout_console, table
from usagelake.cli.durations import duration, format_duration, parse_duration
from usagelake.cli.options import json_option
from usagelake.domain.canonical_json import canonical_json
from usagelake.shipping.sizing import MAX_AGE, Load, Need, Strength, catch_up, needs, recommended

if TYPE_CHECKING:
    from usagelake.domain.canonical_json import JsonValue

_LEAST_RATE = Decimal("1e-6")
_MOST_RATE = Decimal("1e9")
_EVENTS = re.compile(r"[0-9]{1,18}")


def _rate(text: str) -> Fraction:
    """Read a number a second above zero, exactly as it is written."""
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal(0)
    if not rate.is_finite() or not _LEAST_RATE <= rate <= _MOST_RATE:
        raise click.BadParameter(f"{text!r} is no rate; write a number a second above zero, such as 500 or 0.5")
    return Fraction(rate)


def _loss(text: str) -> int | Fraction:
    """Read a number of events, or the seconds in which they come."""
    if _EVENTS.fullmatch(text):
        return int(text)
    seconds = parse_duration(text)
    if seconds is None:
        raise click.BadParameter(f"{text!r} is no loss; write events, such as 0 or 500, or a duration, such as 10s")
    return seconds


@click.command("spool-size", short_help="Size the spool and the buffer for an outage.")
@click.option(
    "--events-per-second",
    required=True,
    type=_rate,
    metavar="N",
    help="Events of the machine, all processes together.",
)
@click.option(
    "--bytes-per-event",
    required=True,
    type=click.IntRange(2, 1_048_576),
    metavar="N",
    help="A line's bytes, on average.",
)
@click.option(
    "--outage", required=True, type=duration, metavar="DURATION",
    help="How long S3 may be out of reach: 90s, 15m, 6h, 2d.",
)  # fmt: skip
@click.option(
    "--acceptable-loss", required=True, type=_loss, metavar="DURATION_OR_EVENTS",
    help="What may be lost at a time: events (0, 500), or how long they take to come (10s).",
)  # fmt: skip
@click.option(
    "--processes", type=click.IntRange(1, 10_000), default=1, show_default=True, metavar="N",
    help="Processes that share the load, each with a buffer and a spool of its own.",
)  # fmt: skip
@click.option(
    "--event-types", type=click.IntRange(1, 10_000), default=3, show_default=True, metavar="N",
    help="Event types that share it: each has batches of its own.",
)  # fmt: skip
@click.option(
    "--max-age", type=duration, default=f"{MAX_AGE}s", show_default=True, metavar="DURATION",
    help="The age at which a batch is sealed, however small.",
)  # fmt: skip
@click.option(
    "--objects-per-second", type=_rate, metavar="N",
    help="Objects that all processes together upload; 40 a process by default: 4 at a time, 100 ms each.",
)  # fmt: skip
@json_option
def spool_size_command(
    acceptable_loss: int | Fraction,
    max_age: Fraction,
    *,
    as_json: bool,
    **figures: Any,
) -> None:
    """Tell how much disk and memory a shipper needs to ride out an outage, and what it loses all the same.

    \b
    The strengths of the spool, the weakest first:
      none         events are in memory until they are delivered
      sealed       each batch is on disk before it is uploaded
      every-event  each event is on disk before the call that logs it returns

    The recommended strength is the weakest that never loses more than is acceptable: not when a process is
    killed (SIGKILL), not when the machine dies, not in an outage, and not when either dies in the outage.

    \b
    How it is reckoned, all of it upper bounds:
      batch   50 events of a type, 2,000,000 bytes, or what came in --max-age
      disk    objects x (400 bytes of header + lines, in blocks of 4,096) + 20 %;
              every-event: and two journals, each of --max-age worth of lines
      buffer  without a spool the whole outage, otherwise what is not sealed or is being uploaded; + 20 %
      catch up  objects of the outage / (objects uploaded - objects sealed, a second)

    \b
    Example:
      usagelake spool-size --events-per-second 500 --bytes-per-event 300 --outage 6h --acceptable-loss 10s
    """
    if max_age <= 0:
        raise click.UsageError("--max-age is 0; batches need some time to gather, such as 1s")
    load = Load(max_age=max_age, **figures)
    acceptable = acceptable_loss if isinstance(acceptable_loss, int) else int(acceptable_loss * load.events_per_second)
    if as_json:
        click.echo(canonical_json(_answer(load, acceptable)), nl=False)
    else:
        _print(load, acceptable)


def _answer(load: Load, acceptable: int) -> JsonValue:
    seconds = catch_up(load)
    return {
        "acceptable_loss_events": acceptable,
        "outage_events": ceil(load.events_per_second * load.outage),
        "outage_objects": ceil(load.objects_sealed_per_second * load.outage),
        "catch_up_seconds": None if seconds is None else ceil(seconds),
        "recommended": recommended(load, acceptable),
        "strengths": {
            need.strength.value: {
                "disk_bytes": need.spool_bytes * load.processes,
                "spool_bytes": need.spool_bytes,
                "buffer_events": need.buffer_events,
                "buffer_bytes": need.buffer_bytes,
                "lost_events": {
                    "process_killed": need.lost_by_process,
                    "machine_dies": need.lost_by_machine,
                    "outage": need.lost_by_outage,
                    "process_killed_in_outage": need.lost_by_process_in_outage,
                    "machine_dies_in_outage": need.lost_by_machine_in_outage,
                },
            }
            for need in needs(load)
        },
    }


def _print(load: Load, acceptable: int) -> None:
    console = stdout_console()
    found = needs(load)
    columns = ("disk of the machine", "spool_bytes", "buffer_events", "buffer_bytes")
    console.print(
        table(
            f"To ride out {format_duration(load.outage)}",
            [("strength", "left"), *((name, "right") for name in columns)],
            [_needed(need, load.processes) for need in found],
        )
    )
    headings = ("process killed", "machine dies", "outage", "killed in outage", "dies in outage")
    console.print(
        table(
            "Events lost, at most",
            [("strength", "left"), *((name, "right") for name in headings)],
            [_lost(need) for need in found],
        )
    )
    console.print(
        "spool_bytes, buffer_events and buffer_bytes are the settings of each process. A disk that goes with its "
        "machine takes the spool\nalong: then only what was delivered is safe. An outage that outlasts these sizes "
        "drops the newest events, and counts them."
    )
    console.print(_catching_up(load))
    console.print(_advice(load, found, acceptable))


def _needed(need: Need, processes: int) -> tuple[str, ...]:
    disk = [_bytes(need.spool_bytes * processes), f"{need.spool_bytes:,}"]
    spool = ["-", "-"] if need.strength is Strength.NONE else disk
    return (need.strength.value, *spool, f"{need.buffer_events:,}", f"{need.buffer_bytes:,}")


def _lost(need: Need) -> tuple[str, ...]:
    lost = (
        need.lost_by_process,
        need.lost_by_machine,
        need.lost_by_outage,
        need.lost_by_process_in_outage,
        need.lost_by_machine_in_outage,
    )
    return (need.strength.value, *(f"{events:,}" for events in lost))


def _catching_up(load: Load) -> str:
    sealed, uploaded = float(load.objects_sealed_per_second), float(load.uploads_per_second)
    rates = f"{uploaded:,.1f} objects a second uploaded, {sealed:,.1f} sealed"
    seconds = catch_up(load)
    if seconds is None:
        return f"It never catches up ({rates}): upload more at a time, or let batches grow with --max-age."
    return f"Caught up {format_duration(seconds)} after the outage ({rates})."


def _advice(load: Load, found: tuple[Need, ...], acceptable: int) -> str:
    chosen = recommended(load, acceptable)
    if chosen is not None:
        return f"Recommended: {chosen.value}, the weakest that never loses more than {acceptable:,} events."
    nearest = min(found, key=lambda need: (need.worst, need.lost_by_process))
    return (
        f"Each may lose more than {acceptable:,} events. Nearest is {nearest.strength.value}: {nearest.worst:,} when "
        f"the machine dies, {nearest.lost_by_process:,} when\na process is killed. A shorter --max-age loses less."
    )


def _bytes(amount: int) -> str:
    """Write bytes for people, rounded up."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if amount >= size:
            tenths = -(-amount * 10 // size)
            return f"{tenths // 10:,}.{tenths % 10} {unit}"
    return f"{amount} B"
