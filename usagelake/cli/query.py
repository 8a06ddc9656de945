"""`usagelake query`: ask the lake."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from usagelake.bootstrap import environment_places, open_engine
from usagelake.cli.console import stdout_console, table
from usagelake.cli.options import FOLDER, engine_config_option, engine_option, environment_option, queries_option
from usagelake.engines import ad_hoc, load_queries
from usagelake.engines.parameters import parse_parameter
from usagelake.errors import ConfigurationError
from usagelake.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.bootstrap import EngineName
    from usagelake.engines import Rows, SqlFile

ASKABLE = ("analyst", "audits", "billing", "meters", "views")
"""The kinds of SQL files that only read."""

_NUMBERS = ("tinyint", "smallint", "integer", "bigint", "decimal", "double", "real")


@click.command("query", short_help="Ask the lake, by a saved query's name or in SQL.")
@click.argument("name", required=False)
@click.option("--sql", help="A SELECT in Athena's dialect, in the place of NAME.")
@click.option("--lake", type=FOLDER, metavar="DIR", help="The lake that `bill --lake` made.")
@engine_option
@engine_config_option
@environment_option
@click.option("--param", "-p", "params", multiple=True, metavar="NAME=VALUE", help="A parameter's value; repeat it.")
@click.option(
    "--format", "file_format", type=click.Choice(["table", "csv", "json", "parquet"]), default="table",
    show_default=True, help="How to write the rows; parquet needs --out.",
)  # fmt: skip
@click.option("--out", type=FOLDER, metavar="FILE", help="Write to a file and not to standard output.")
@queries_option
def query_command(  # noqa: PLR0913, PLR0917 (one for each option)
    name: str | None,
    sql: str | None,
    lake: Path | None,
    engine: EngineName,
    engine_config: Path | None,
    environment: str | None,
    params: tuple[str, ...],
    file_format: str,
    out: Path | None,
    queries_folder: Path | None,
) -> None:
    """Ask the lake. It is opened for reading alone: no query can change anything.

    SQL is Athena's, and what Athena would refuse is refused here too. `usagelake queries` lists the saved
    queries; the tables are api_requests, billing_events, usage_hourly, quarantine, ingested_objects,
    customers, invoice_lines, and the views billable_requests, api_gateway_logs and latest_invoice_lines.

    \b
    Examples:
      usagelake query top_customers --lake lake --param start=2025-10-01 --param end=2025-11-01
      usagelake query --lake lake --sql 'SELECT meter, sum(quantity) FROM usage_hourly GROUP BY meter'
      usagelake query hourly_load --lake lake -p start=2025-10 -p end=2025-11 --format parquet --out load.parquet
    """
    if (name is None) == (sql is None):
        raise click.UsageError("give either a query's NAME or --sql '…'")
    if file_format == "parquet" and out is None:
        raise click.UsageError("--format parquet needs --out FILE")
    if lake is None and engine == "duckdb":
        raise click.UsageError("Missing option '--lake'.")
    library = load_queries(queries_folder)
    query = ad_hoc(sql) if sql is not None else library.find(name or "", ASKABLE)
    values = _values(query, params)
    settings = Settings.from_environment(os.environ)
    places = environment_places(environment, engine)
    with open_engine(
        library, settings, lake, read_only=True, engine=engine, engine_config=engine_config, places=places
    ) as opened:
        rows = None
        if file_format == "parquet" and out is not None:
            opened.export(query, values, out, "parquet")
        else:
            rows = opened.fetch(query, values)
        spending = getattr(opened, "spending", None)
    if spending is not None:
        click.echo(spending, err=True)
    if rows is None:
        return
    if file_format == "table" and out is None:
        _print_table(rows)
        return
    text = {"csv": _csv, "json": _json, "table": _csv}[file_format](rows)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


def _values(query: SqlFile, params: tuple[str, ...]) -> dict[str, object]:
    """Read `name=value` pairs by the types that the query declares."""
    values: dict[str, object] = {}
    faults = []
    for pair in params:
        name, separator, text = pair.partition("=")
        if not separator:
            faults.append(f"--param {pair}: write it as name=value")
        elif name not in query.params:
            known = ", ".join(query.params) or "none"
            faults.append(f"--param {pair}: {query.name} has no parameter {name}; it has {known}")
        else:
            values[name] = parse_parameter(query.params[name], text)
    if faults:
        raise ConfigurationError(faults)
    return values


def _print_table(rows: Rows) -> None:
    columns = [
        (name, "right" if kind.startswith(_NUMBERS) else "left")
        for name, kind in zip(rows.columns, rows.types, strict=True)
    ]
    texts = [[_text(value) for value in row] for row in rows.rows]
    stdout_console().print(table(None, columns, texts))
    click.echo(f"{len(texts):,} {'row' if len(texts) == 1 else 'rows'}")


def _csv(rows: Rows) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows([_text(value) for value in row] for row in rows.rows)
    return text.getvalue()


def _json(rows: Rows) -> str:
    twice = sorted({name for name in rows.columns if rows.columns.count(name) > 1})
    if twice:
        raise ConfigurationError(f"JSON cannot hold two columns of one name: rename {', '.join(twice)} with AS")
    records = [dict(zip(rows.columns, map(_plain, row), strict=True)) for row in rows.rows]
    return json.dumps(records, ensure_ascii=False, indent=2, default=str) + "\n"


def _plain(value: object) -> object:
    """Give a value as JSON has it; a decimal is written in full, as a number when it is whole, else as text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, datetime | date):
        return _text(value)
    return value


def _text(value: object) -> str:
    """Write a value for people and for CSV: NULL is empty, instants are ISO 8601 in UTC."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat(sep=" ")
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)
