"""`usagelake check`: what is wrong, before anything runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from usagelake.cli.options import FOLDER, json_option, queries_option, quiet_option
from usagelake.errors import ConfigurationError
from usagelake.services.check import check

if TYPE_CHECKING:
    from pathlib import Path


@click.command("check", short_help="Judge a price book, customers and queries.")
@click.option("--pricing", type=FOLDER, metavar="DIR", help="A folder with price_book.toml and customers.csv.")
@queries_option
@json_option
@quiet_option
def check_command(pricing: Path | None, queries_folder: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Judge a price book, a customers file and SQL files: everything that is wrong, at once.

    Queries are judged as Athena would judge them: unknown columns, an alias in GROUP BY, a comparison of
    varchar with integer, and so on. Exits 0 when all is well, 2 when anything is wrong.

    \b
    Example:
      usagelake check --pricing pricing --queries my-queries
    """
    faults = check(pricing=pricing, queries_folder=queries_folder)
    if as_json:
        click.echo(json.dumps({"ok": not faults, "faults": faults}, ensure_ascii=False, indent=2))
        if faults:
            raise click.exceptions.Exit(2)
        return
    if faults:
        raise ConfigurationError(faults)
    if not quiet:
        click.echo("all is well")
