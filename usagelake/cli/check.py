"""`usagelake check`: what is wrong, before anything runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from usagelake.bootstrap import open_pricing
from usagelake.cli.options import PRICING_HELP, json_option, queries_option, quiet_option
from usagelake.errors import ConfigurationError
from usagelake.services.check import check

if TYPE_CHECKING:
    from pathlib import Path


@click.command("check", short_help="Judge a price book, customers and queries.")
@click.option("--pricing", metavar="DIR", help=PRICING_HELP)
@queries_option
@json_option
@quiet_option
def check_command(pricing: str | None, queries_folder: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Judge a price book, a customers file and SQL files: everything that is wrong, at once.

    Queries are judged as Athena would judge them: unknown columns, an alias in GROUP BY, a comparison of
    varchar with integer, and so on. Exits 0 when all is well, 2 when anything is wrong.

    \b
    Example:
      usagelake check --pricing pricing --queries my-queries
    """
    place = None
    faults: list[str] = []
    if pricing is not None:
        try:
            place = open_pricing(pricing)
        except ConfigurationError as error:
            faults.extend(error.faults)
    faults[:0] = check(pricing=place, queries_folder=queries_folder)
    if as_json:
        click.echo(json.dumps({"ok": not faults, "faults": faults}, ensure_ascii=False, indent=2))
        if faults:
            raise click.exceptions.Exit(2)
        return
    if faults:
        raise ConfigurationError(faults)
    if not quiet:
        click.echo("all is well")
