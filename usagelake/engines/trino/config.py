"""Where a Trino lake is: a small TOML file.

```toml
host = "trino.example.com"
port = 8443
scheme = "https"                      # or http, which takes no password
user = "billing"
password_file = "/run/secrets/trino"  # left out where the cluster asks for none
schema = "usage_prod"                 # holds the lake's tables; made when it is not there
location = "s3://lake/usage_prod"     # where a schema that is made keeps its tables; left out: where Trino says
iceberg_catalog = "iceberg"
hive_catalog = "hive"                 # the same metastore; shows this process's files to Trino
work = "s3://lake/work"               # a folder or S3 prefix that this process writes and Trino reads
work_location = "s3a://lake/work"     # what Trino calls it; left out: the same
endpoint_url = "http://minio:9000"    # of an S3 store that is not AWS's own
```
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usagelake.engines.config_file import read_config_file

if TYPE_CHECKING:
    from pathlib import Path

    from usagelake.domain.toml_table import Table

_KEYS = (
    "host", "port", "scheme", "user", "password_file", "schema", "location", "iceberg_catalog", "hive_catalog",
    "work", "work_location", "endpoint_url",
)  # fmt: skip
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class TrinoConfig:
    """Where a Trino lake is.

    Attributes:
        host: The coordinator's host.
        port: Its port.
        user: As whom statements run.
        schema: Holds the lake's tables.
        work: A folder or S3 prefix that this process writes and Trino reads.
        work_location: What Trino calls it.
        scheme: `http` or `https`.
        password: The user's, where the cluster asks for one.
        location: Where a schema that is made keeps its tables; None leaves it to Trino.
        iceberg_catalog: The catalog of the tables.
        hive_catalog: A Hive catalog over the same metastore.
        endpoint_url: Of an S3 store that is not AWS's own.
    """

    host: str
    port: int
    user: str
    schema: str
    work: str
    work_location: str
    scheme: str = "http"
    password: str | None = None
    location: str | None = None
    iceberg_catalog: str = "iceberg"
    hive_catalog: str = "hive"
    endpoint_url: str | None = None


def load_config(path: Path) -> TrinoConfig:
    """Read an engine's configuration.

    Args:
        path: The file.

    Raises:
        ConfigurationError: Every fault of it.
    """
    return read_config_file(path, lambda table: _read(table, path))


def _read(table: Table, path: Path) -> TrinoConfig:
    table.refuse_unknown(_KEYS)
    scheme = table.choice("scheme", ("http", "https"), default="http") or "http"
    port = table.whole_number("port", at_least=1, default=443 if scheme == "https" else 8080)
    if port > _LAST_PORT:
        table.fault(f"port is {port}; the last one is {_LAST_PORT}")
    password = _password(table, path)
    if password is not None and scheme == "http":
        table.fault('a password is sent over https alone; write scheme = "https"')
    work = table.text("work")
    work_location = _optional(table, "work_location")
    if work and work_location is None and not work.startswith("s3://"):
        table.fault(f'work is the folder {work}; write what Trino calls it, such as work_location = "local:///work"')
    return TrinoConfig(
        host=table.text("host"),
        port=port,
        scheme=scheme,
        user=table.text("user"),
        password=password,
        schema=_name(table, "schema"),
        location=_optional(table, "location"),
        iceberg_catalog=_name(table, "iceberg_catalog", default="iceberg"),
        hive_catalog=_name(table, "hive_catalog", default="hive"),
        work=work,
        work_location=(work_location or work).rstrip("/"),
        endpoint_url=_optional(table, "endpoint_url"),
    )


def _optional(table: Table, key: str) -> str | None:
    return table.text(key) if table.has(key) else None


def _name(table: Table, key: str, *, default: str | None = None) -> str:
    if default is not None and not table.has(key):
        return default
    name = table.text(key)
    if name and not _NAME.fullmatch(name):
        table.fault(f"{key} is {name!r}; write lower-case letters, digits and _, a letter first, at most 100")
    return name


def _password(table: Table, path: Path) -> str | None:
    if not table.has("password_file"):
        return None
    file = path.parent / table.text("password_file")
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        table.fault(f"password_file {file} cannot be read: {getattr(error, 'strerror', None) or error}")
        return None
