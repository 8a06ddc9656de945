"""`usagelake bill`: the main job."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.text import Text

from usagelake.bootstrap import environment_places, open_engine, open_pricing, open_storage
from usagelake.cli.console import progress_for, stdout_console, table
from usagelake.cli.environment import landing_of, pricing_of
from usagelake.cli.options import (
    FOLDER,
    PRICING_HELP,
    engine_config_option,
    engine_option,
    environment_option,
    json_option,
    queries_option,
    quiet_option,
)
from usagelake.domain.canonical_json import canonical_json
from usagelake.domain.money import format_amount
from usagelake.domain.period import Period
from usagelake.engines import load_queries, table_schema, working_schema
from usagelake.errors import ConfigurationError
from usagelake.services.attention import attention
from usagelake.services.bill import bill
from usagelake.services.pricing import load_pricing
from usagelake.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from usagelake.bootstrap import EngineName
    from usagelake.services.rate_period import Bill

_INVOICES_SHOWN = 50


@click.command("bill", short_help="Bill a period: ingest, roll up, price, write invoices.")
@click.option(
    "--landing",
    metavar="DIR",
    help="The landing objects: .jsonl and .jsonl.gz below a folder or s3://bucket/prefix; with --env, the "
    "environment's own unless given.",
)
@click.option("--pricing", metavar="DIR", help=f"{PRICING_HELP[:-1]}; with --env, the environment's own unless given.")
@click.option("--period", required=True, metavar="YYYY-MM", help="The month to bill, in UTC.")
@click.option("--out", required=True, type=FOLDER, metavar="DIR", help="Where the results go; see below.")
@click.option(
    "--lake", type=FOLDER, metavar="DIR",
    help="Keep the lake here: the next run reads only new objects. Without it the lake is temporary.",
)  # fmt: skip
@engine_option
@engine_config_option
@environment_option
@queries_option
@json_option
@quiet_option
def bill_command(  # noqa: PLR0913, PLR0917 (one for each option)
    landing: str | None,
    pricing: str | None,
    period: str,
    out: Path,
    lake: Path | None,
    engine: EngineName,
    engine_config: Path | None,
    environment: str | None,
    queries_folder: Path | None,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Bill a period from raw access logs and billing events.

    Reads the objects of the landing that the lake has not read yet, takes every line once, rolls up hourly
    usage, prices it, and writes

    \b
      OUT/invoices/YYYY-MM/<customer_id>.json   one draft per customer, with its evidence
      OUT/usage_hourly.parquet                  the period's usage
      OUT/quarantine.ndjson                     every line that cannot be billed, and why
      OUT/summary.json                          the counts, also printed with --json

    Killed at any moment and run again, it ends with the same invoices, byte for byte. The invoices' lines are kept in
    the lake as well, each revision of them: ask `usagelake query invoice_totals`.

    \b
    Examples:
      usagelake bill --landing demo/landing --pricing pricing --period 2025-10 --out demo/out
      usagelake bill --landing logs --pricing pricing --period 2025-10 --out out --lake lake --json
      usagelake bill --engine athena --env prod --period 2026-11 --out out
    """
    settings = Settings.from_environment(os.environ)
    billed_period = Period.parse(period)
    queries = load_queries(queries_folder)
    if queries_folder is not None and (faults := queries.faults(working_schema(queries))):
        raise ConfigurationError(faults)
    queries.check_meters(table_schema())
    places = environment_places(environment, engine)
    storage = open_storage(landing_of(landing, places))
    prices = load_pricing(open_pricing(pricing_of(pricing, places)), meters={meter.name for meter in queries.meters()})
    if out.exists() and not out.is_dir():
        raise click.UsageError(f"--out {out} is a file; name a folder")
    if lake is not None and lake.exists() and not lake.is_dir():
        raise click.UsageError(f"--lake {lake} is a file; name a folder")
    with open_engine(queries, settings, lake, engine=engine, engine_config=engine_config, places=places) as opened:
        done = bill(
            opened,
            queries,
            storage,
            prices,
            billed_period,
            out,
            clock=lambda: datetime.now(UTC),
            progress=progress_for(quiet=quiet or as_json),
            keep_source_ip=settings.keep_source_ip,
        )
        spending = getattr(opened, "spending", None)
    if as_json:
        click.echo(canonical_json(done.summary), nl=False)
    elif not quiet:
        console = stdout_console()
        _print(console, done, out)
        if spending is not None:
            console.print(Text(str(spending)))


def _print(console: Console, done: Bill, out: Path) -> None:
    """Show the invoices, the counts, and what needs attention."""
    rated = done.rated
    rows = [
        (
            invoice.customer_id,
            invoice.customer_name,
            ", ".join(sorted({line.plan_id for line in invoice.lines})),
            str(len(invoice.lines)),
            format_amount(invoice.total, rated.currency),
        )
        for invoice in rated.invoices
    ]
    columns = [
        ("customer", "left"),
        ("name", "left"),
        ("plans", "left"),
        ("lines", "right"),
        (rated.currency, "right"),
    ]
    console.print(table(f"Invoices {done.summary['period']}", columns, rows[:_INVOICES_SHOWN]))
    if len(rows) > _INVOICES_SHOWN:
        console.print(f"… and {len(rows) - _INVOICES_SHOWN:,} more\n")
    summary = done.summary
    console.print(
        f"{summary['invoices']:,} invoices, {rated.currency} {format_amount(rated.total, rated.currency)} in total\n"
        f"{summary['lines']:,} lines in {summary['objects']:,} objects = {summary['events']:,} events "
        f"+ {summary['duplicates']:,} duplicates + {summary['quarantined']:,} quarantined\n"
        f"this run read {done.ingested.new_objects:,} new objects"
    )
    notes = attention(done)
    if notes:
        console.print("\n[bold]Needs attention[/bold]")
        for note in notes:
            console.print(Text(f"  • {note}"))
    written = f": invoices/{summary['period']}/, usage_hourly.parquet, quarantine.ndjson, summary.json"
    console.print(Text.assemble("\nWritten to ", (str(out), "bold"), written))
