"""Where a lake on Athena is: what an environment's database says, or a small TOML file.

```toml
database = "usage_dev"                 # the Glue database that holds the lake's tables
tables = "s3://lake-dev/tables"        # where they lie, each in a folder of its name
workgroup = "usage-dev-pipeline"       # it enforces its configuration, which says where results go
work = "s3://lake-dev/work"            # what a run puts here need not last: give it a lifecycle rule of a day
region = "eu-central-1"                # left out: what the AWS SDK's configuration says
```
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usagelake.engines.config_file import read_config_file

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.domain.environment import LakePlaces
    from usagelake.domain.toml_table import Table

_KEYS = ("database", "tables", "workgroup", "work", "region")
_DATABASE = re.compile(r"[a-z][a-z0-9_]{0,99}")
_PLACE = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/\s]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class AthenaConfig:
    """Where a lake on Athena is.

    Attributes:
        database: The Glue database that holds the lake's tables.
        tables: Where they lie, each in a folder of its name; without a `/` at the end.
        workgroup: The workgroup that runs the statements.
        work: Where a run puts what need not last; without a `/` at the end.
        region: None for what the AWS SDK's configuration says.
    """

    database: str
    tables: str
    workgroup: str
    work: str
    region: str | None = None

    @classmethod
    def of(cls, places: LakePlaces) -> AthenaConfig:
        """Take it from what an environment's database says."""
        return cls(database=places.database, tables=places.tables, workgroup=places.workgroup, work=places.work)


def load_config(path: Path) -> AthenaConfig:
    """Read an engine's configuration.

    Args:
        path: The file.

    Raises:
        ConfigurationError: Every fault of it.
    """
    return read_config_file(path, _read)


def _read(table: Table) -> AthenaConfig:
    table.refuse_unknown(_KEYS)
    database = table.text("database")
    if database and not _DATABASE.fullmatch(database):
        table.fault(f"database is {database!r}; write lower-case letters, digits and _, a letter first, at most 100")
    return AthenaConfig(
        database=database,
        tables=_place(table, "tables"),
        workgroup=table.text("workgroup"),
        work=_place(table, "work"),
        region=table.text("region") if table.has("region") else None,
    )


def _place(table: Table, key: str) -> str:
    place = table.text(key).rstrip("/")
    if place and not _PLACE.fullmatch(place):
        table.fault(f"{key} is {place!r}; write s3://bucket/prefix")
    return place
