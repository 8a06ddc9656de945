"""Rows as objects on S3: UNLOAD, and CREATE TABLE AS of a Hive table."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes.athena.errors import StatementError
from tests.fakes.athena.executions import Result
from tests.fakes.athena.output import put_manifest
from tests.fakes.athena.types import refuse_for_hive
from tests.fakes.athena.values import shown
from usagelake.engines.text_literal import text_literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from tests.fakes.athena.executions import Execution
    from tests.fakes.athena.runner import Runner
    from usagelake.engines.dialect import Carried

_CODECS = {"": "snappy", "SNAPPY": "snappy", "GZIP": "gzip", "ZSTD": "zstd", "NONE": "uncompressed", "LZ4": "lz4"}


def unload(
    runner: Runner,
    execution: Execution,
    carried: Carried,
    session: duckdb.DuckDBPyConnection,
    location: str,
    properties: Mapping[str, str],
) -> list[str]:
    """Write a query's rows to a place that is empty.

    Returns:
        The objects.

    Raises:
        StatementError: In Athena's words.
    """
    written = properties.get("format", "").upper()
    if not written:
        raise StatementError("INVALID_TABLE_PROPERTY: line 1:1: the property format is missing")
    if written not in ("PARQUET", "JSON", "TEXTFILE") or "partitioned_by" in properties:
        raise StatementError("NOT_SUPPORTED: this server writes PARQUET, JSON and TEXTFILE, not partitioned")
    refuse_for_hive(carried.columns)
    if not runner.objects.is_empty(location):
        raise StatementError(
            f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{location}' already exists: {location}. You may "
            "need to manually clean the data at this location before retrying; Athena will not delete data in your "
            "account."
        )
    base = f"{location.rstrip('/')}/{execution.submitted:%Y%m%d_%H%M%S}_00000_{execution.id[:5]}_{execution.id}"
    put: list[str] = []
    count = 0
    if written == "PARQUET":
        codec = _CODECS.get(properties.get("compression", properties.get("write_compression", "")).upper())
        if codec is None:
            raise StatementError("INVALID_TABLE_PROPERTY: line 1:1: Unknown compression")
        with tempfile.TemporaryDirectory(prefix="athena-") as folder:
            file = Path(folder) / "rows.parquet"
            target = f"{text_literal(str(file))} (FORMAT parquet, COMPRESSION {codec})"
            done = session.execute(f"COPY ({carried.sql}) TO {target}").fetchone()
            count = int(done[0]) if done else 0
            if count:
                runner.objects.write(base, file.read_bytes())
                put.append(base)
    else:
        rows = session.execute(carried.sql).fetchall()
        count = len(rows)
        if rows:
            body = _lines(rows, carried, written, properties.get("field_delimiter", "\x01"))
            runner.objects.write(f"{base}.gz", gzip.compress(body))
            put.append(f"{base}.gz")
    execution.result = Result([("rows", "bigint")], update_count=count)
    put_manifest(execution, runner.objects, put)
    return put


def _lines(rows: list[tuple[Any, ...]], carried: Carried, written: str, delimiter: str) -> bytes:
    names = [name for name, _ in carried.columns]
    lines = []
    for row in rows:
        values = [shown(value, kind) for value, (_, kind) in zip(row, carried.columns, strict=True)]
        if written == "JSON":
            plain = [
                value if isinstance(value, (int, float, bool)) else text
                for value, text in zip(row, values, strict=True)
            ]
            told = {name: value for name, value in zip(names, plain, strict=True) if value is not None}
            lines.append(json.dumps(told, ensure_ascii=False))
        else:
            lines.append(delimiter.join("\\N" if value is None else value for value in values))
    return "".join(f"{line}\n" for line in lines).encode()
