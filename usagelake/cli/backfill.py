"""`usagelake backfill`: take in a long span of arrivals."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from usagelake.bootstrap import environment_places, open_engine, open_storage
from usagelake.cli.console import progress_for
from usagelake.cli.durations import duration, instant
from usagelake.cli.environment import landing_of
from usagelake.cli.options import (
    FOLDER,
    engine_config_option,
    engine_option,
    environment_option,
    json_option,
    queries_option,
    quiet_option,
)
from usagelake.domain.canonical_json import canonical_json
from usagelake.engines import load_queries, table_schema
from usagelake.services.backfill import BackfillReport, backfill
from usagelake.settings import Settings

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from usagelake.bootstrap import EngineName
    from usagelake.domain.canonical_json import JsonValue

_HOUR = 3600
_NAMED_AT_MOST = 5


@click.command("backfill", short_help="Take in what arrived over a long span of time.")
@click.option(
    "--landing", metavar="URL",
    help="The landing objects: a folder, or s3://BUCKET/PREFIX; with --env, the environment's own unless given.",
)  # fmt: skip
@click.option("--from", "start", required=True, type=instant, metavar="INSTANT", help="The first hour of arrival.")
@click.option("--to", "end", required=True, type=instant, metavar="INSTANT", help="The end, exclusive.")
@click.option(
    "--window", type=duration, default="1d", show_default=True, metavar="DURATION",
    help="How much is listed and read at a time: whole hours.",
)  # fmt: skip
@click.option("--lake", type=FOLDER, metavar="DIR", help="The lake's folder, on DuckDB.")
@engine_option
@engine_config_option
@environment_option
@queries_option
@json_option
@quiet_option
def backfill_command(  # noqa: PLR0913, PLR0917 (one for each option)
    landing: str | None,
    start: datetime,
    end: datetime,
    window: Fraction,
    lake: Path | None,
    engine: EngineName,
    engine_config: Path | None,
    environment: str | None,
    queries_folder: Path | None,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Take in the objects that arrived within a span of time, and roll up what they touch.

    Arrival is the time in an object's folders, YYYY/MM/DD/HH/MM, not the time of use. The span is worked on window
    by window: interrupt it when you like and run it again, and it goes on where it was. Objects that the lake has
    taken already are not read again.

    \b
    Examples:
      usagelake backfill --landing logs --from 2025-10-01 --to 2025-11-01 --lake lake
      usagelake backfill --engine athena --env prod --from 2025-10-01 --to 2025-11-01 --window 6h
    """
    if window < _HOUR or window % _HOUR:
        raise click.UsageError("--window is a whole number of hours, at least 1h")
    if start >= end:
        raise click.UsageError("--from must lie before --to")
    if lake is None and engine == "duckdb":
        raise click.UsageError("Missing option '--lake': a lake that nobody keeps needs no backfill")
    settings = Settings.from_environment(os.environ)
    queries = load_queries(queries_folder)
    queries.check_meters(table_schema())
    places = environment_places(environment, engine)
    storage = open_storage(landing_of(landing, places))
    with open_engine(queries, settings, lake, engine=engine, engine_config=engine_config, places=places) as opened:
        done = backfill(
            opened,
            queries,
            storage,
            start=start,
            end=end,
            step=timedelta(seconds=int(window)),
            clock=lambda: datetime.now(UTC),
            progress=progress_for(quiet=quiet or as_json),
            keep_source_ip=settings.keep_source_ip,
        )
    if as_json:
        click.echo(canonical_json(_document(done)), nl=False)
    elif not quiet:
        _print(done)


def _document(done: BackfillReport) -> JsonValue:
    return {
        "windows": done.windows,
        "new_objects": done.new_objects,
        "unreadable_objects": len(done.unreadable),
        "prefixes": list(done.prefixes),
    }


def _print(done: BackfillReport) -> None:
    listed = f"{len(done.prefixes)} prefixes" if len(done.prefixes) != 1 else "1 prefix"
    click.echo(f"read {done.new_objects:,} new objects of {listed} in {done.windows:,} windows")
    if not done.prefixes:
        click.echo("the landing has no folder with a year: nothing was listed. `usagelake bill` reads any folder")
    for missed in done.unreadable[:_NAMED_AT_MOST]:
        click.echo(f"  {missed.message}: not read; run again to try it again")
    if len(done.unreadable) > _NAMED_AT_MOST:
        click.echo(f"  … and {len(done.unreadable) - _NAMED_AT_MOST:,} more objects that could not be opened")
