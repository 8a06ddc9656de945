"""`usagelake queries`: what there is to ask."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from usagelake.cli.console import stdout_console, table
from usagelake.cli.options import json_option, queries_option
from usagelake.cli.query import ASKABLE
from usagelake.engines import load_queries

if TYPE_CHECKING:
    from pathlib import Path


@click.command("queries", short_help="List the SQL files, from their headers.")
@click.argument("kind", required=False)
@click.option("--all", "everything", is_flag=True, help="List the pipeline's own statements too.")
@queries_option
@json_option
def queries_command(kind: str | None, queries_folder: Path | None, *, everything: bool, as_json: bool) -> None:
    """List the SQL files from their headers: KIND is analyst, audits, meters, views or billing.

    \b
    Examples:
      usagelake queries
      usagelake queries audits
    """
    library = load_queries(queries_folder)
    kinds = (kind,) if kind else () if everything else ASKABLE
    files = library.all(*kinds)
    if not files:
        raise click.UsageError(f"there is no query of kind {kind}; kinds are {', '.join(ASKABLE)}")
    if as_json:
        listed = [
            {
                "kind": file.kind,
                "name": file.name,
                "title": file.title,
                "description": file.description,
                "grain": file.grain,
                "owner": file.owner,
                "params": [
                    {
                        "name": param.name,
                        "type": param.type,
                        "optional": param.optional,
                        "description": param.description,
                    }
                    for param in file.params.values()
                ],
                "digest": file.digest,
            }
            for file in files
        ]
        click.echo(json.dumps(listed, ensure_ascii=False, indent=2))
        return
    rows = [
        (
            file.kind,
            file.name,
            file.title,
            " ".join(f"[{name}]" if param.optional else name for name, param in file.params.items()),
        )
        for file in files
    ]
    columns = [("kind", "left"), ("name", "left"), ("what it answers", "left"), ("parameters", "left")]
    stdout_console().print(table(None, columns, rows))
    click.echo("Run one with: usagelake query NAME --lake DIR --param name=value")
