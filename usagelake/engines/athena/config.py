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
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usagelake.domain.toml_table import FloatLiteral, Table
from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.domain.environment import LakePlaces

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
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=FloatLiteral)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: is no TOML: {error}") from error
    faults: list[str] = []
    config = _read(Table(values, str(path), faults))
    if faults:
        raise ConfigurationError(faults)
    return config


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
