"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import os


class _PathOption(click.Path):
    """A path that a shell variable left empty is refused, not taken for the current folder."""

    def convert(self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("it is empty; name a path", param, ctx)
        return super().convert(value, param, ctx)


FOLDER = _PathOption(path_type=Path)

queries_option = click.option(
    "--queries",
    "queries_folder",
    type=FOLDER,
    metavar="DIR",
    help="A folder laid out like queries/ (meters/, views/, analyst/, …): its files add to the packaged ones or "
    "replace those of the same name. Adding a meter is adding a file.",
)
engine_option = click.option(
    "--engine",
    type=click.Choice(["duckdb", "trino", "athena"]),
    default="duckdb",
    show_default=True,
    help="Where the lake lies and its SQL runs.",
)
engine_config_option = click.option(
    "--engine-config",
    type=FOLDER,
    metavar="FILE",
    help="A TOML file that says where a lake of --engine trino is (host, port, user, schema, work, work_location), "
    "or one of --engine athena (database, tables, workgroup, work).",
)
environment_option = click.option(
    "--env",
    "environment",
    metavar="NAME",
    help="The environment of AWS that a lake of --engine athena belongs to, such as prod: its Glue database "
    "usage_NAME says where everything is.",
)
PRICING_HELP = "A folder, or s3://bucket/prefix, with price_book.toml and customers.csv."
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON on standard output, and nothing else there."
)
quiet_option = click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
