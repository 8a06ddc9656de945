"""`usagelake reconcile`: what was said on one side, found again on the other."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from usagelake.bootstrap import open_storage
from usagelake.cli.console import progress_for, stdout_console
from usagelake.cli.details import details_file
from usagelake.cli.durations import duration, instant
from usagelake.cli.options import FOLDER, json_option, quiet_option
from usagelake.cli.reconcile_output import counts_answer, delivery_answer, print_counts, print_delivery
from usagelake.services.reconcile.by_manifest import reconcile_by_manifest
from usagelake.services.reconcile.emitted_files import emitted_files
from usagelake.services.reconcile.window import Window
from usagelake.services.reconcile_delivery import reconcile_delivery

if TYPE_CHECKING:
    from datetime import datetime
    from fractions import Fraction
    from pathlib import Path

    from usagelake.storage import Storage

EXIT_DIFFERENT = 3


@click.group("reconcile", short_help="Find on one side what was said on the other.")
def reconcile_group() -> None:
    """Compare two accounts of the same usage. Exits 0 when they are equal, 3 when they differ.

    \b
    Example:
      usagelake reconcile delivery --emitted logs/billing --landing landing
    """


@reconcile_group.command("delivery", short_help="Compare what was logged with what landed, by id.")
@click.option(
    "--emitted", "emitted", multiple=True, required=True, metavar="FILES",
    help="The second copy, NDJSON as it was logged, .gz too: files, folders, patterns; repeat it.",
)  # fmt: skip
@click.argument("more_files", nargs=-1, metavar="[FILES]...")
@click.option("--landing", required=True, metavar="URL", help="The landing objects: a folder, or s3://BUCKET/PREFIX.")
@click.option("--endpoint-url", metavar="URL", help="Where S3 answers, when it is not AWS.")
@click.option("--from", "start", type=instant, metavar="INSTANT", help="Only events from this time on.")
@click.option("--to", "end", type=instant, metavar="INSTANT", help="Only events before this time.")
@click.option(
    "--margin", type=duration, default="1d", show_default=True, metavar="DURATION",
    help="With --from or --to: read objects whose key's time is at most so far from the window.",
)  # fmt: skip
@click.option("--by-manifest", is_flag=True, help="Compare counts that objects carry, and read no body.")
@click.option("--mixed", is_flag=True, help="With --by-manifest: objects mix event types; count all together.")
@click.option("--details", type=FOLDER, metavar="FILE", help="Write everything that is amiss, as NDJSON.")
@click.option(
    "--named", type=click.IntRange(0, 10_000), default=20, show_default=True, metavar="N",
    help="Name so many events of each kind.",
)  # fmt: skip
@json_option
@quiet_option
def delivery_command(
    emitted: tuple[str, ...],
    more_files: tuple[str, ...],
    landing: str,
    endpoint_url: str | None,
    start: datetime | None,
    end: datetime | None,
    *,
    by_manifest: bool,
    mixed: bool,
    **options: Any,
) -> None:
    """Compare what services logged with what landed, event by event, by id.

    \b
    Per event type and minute of the events' own time it counts
      emitted, landed  ids on either side
      missing          emitted, and not landed
      extra            landed, and not emitted
      different        landed under an id that has more than one content
      duplicate        lines landed beyond the first of their id and content
      in several       ids that landed in more than one object
      emitted again    lines emitted beyond the first of their id and content

    Lines that are no billing event are counted by reason, on both sides. Access logs are left out.

    Exits 0 when nothing is missing, extra, different or duplicate, 3 when anything is. (A duplicate costs no
    money, because billing takes an id once; but no delivery that works makes one.)

    While traffic goes on, give a window that is over: its last events need time to land. With a window only
    objects are read whose key's time is near it; what landed elsewhere shows as missing.

    --by-manifest reads no body: it compares, per event type and hour, how many events were emitted with how many
    the objects say they hold. It cannot see ids, contents, or an event lost where another landed twice.

    \b
    Examples:
      usagelake reconcile delivery --emitted logs/billing --landing landing --details amiss.ndjson
      usagelake reconcile delivery --emitted 'logs/*.gz' --landing s3://serverless-usage-prod --from 2025-10-05
    """
    if mixed and not by_manifest:
        raise click.UsageError("--mixed goes with --by-manifest; by id, each line tells its event type")
    files = emitted_files([*emitted, *more_files])
    window = Window(start, end)
    storage = open_storage(landing, endpoint_url=endpoint_url)
    equal = (
        _by_manifest(files, storage, window, mixed=mixed, **options)
        if by_manifest
        else _by_id(files, storage, window, **options)
    )
    if not equal:
        raise click.exceptions.Exit(EXIT_DIFFERENT)


def _by_id(
    files: list[Path],
    storage: Storage,
    window: Window,
    *,
    margin: Fraction,
    details: Path | None,
    named: int,
    as_json: bool,
    quiet: bool,
) -> bool:
    with details_file(details) as tell:
        found = reconcile_delivery(
            files,
            storage,
            window=window,
            margin=_timedelta(margin),
            progress=progress_for(quiet=quiet or as_json),
            details=tell,
            named_at_most=named,
        )
    if as_json:
        click.echo(json.dumps(delivery_answer(found, window), ensure_ascii=False, indent=2))
    elif not quiet:
        print_delivery(stdout_console(), found, details)
    return found.equal


def _by_manifest(
    files: list[Path],
    storage: Storage,
    window: Window,
    *,
    mixed: bool,
    margin: Fraction,
    details: Path | None,
    named: int,  # noqa: ARG001 (counts have no names)
    as_json: bool,
    quiet: bool,
) -> bool:
    with details_file(details) as tell:
        found = reconcile_by_manifest(
            files,
            storage,
            window=window,
            margin=_timedelta(margin),
            progress=progress_for(quiet=quiet or as_json),
            mixed=mixed,
            bad=tell or (lambda _: None),
        )
    if as_json:
        click.echo(json.dumps(counts_answer(found, window), ensure_ascii=False, indent=2))
    elif not quiet:
        print_counts(stdout_console(), found)
    return found.equal


def _timedelta(seconds: Fraction) -> timedelta:
    try:
        return timedelta(seconds=float(seconds))
    except OverflowError:
        return timedelta.max
