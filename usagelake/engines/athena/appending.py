"""Rows added to a table: awswrangler writes them as Parquet and registers them, and one INSERT takes them in.

awswrangler's own `to_iceberg` would do both, and cut every instant to milliseconds on the way: Athena reads those of a
Parquet file in a Hive table no finer. So instants go as texts, and the INSERT casts them.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from sqlglot import exp

from usagelake.domain.schema import ColumnType
from usagelake.engines.athena.calls import aws_errors, code_of, message_of
from usagelake.engines.athena.publishing import staged_type
from usagelake.engines.dialect import to_athena
from usagelake.engines.iceberg_ddl import athena_type
from usagelake.errors import ConfigurationError, EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usagelake.domain.schema import Table
    from usagelake.engines.athena.calls import Clients

logging.getLogger("awswrangler").addHandler(logging.NullHandler())  # what fails is said by our own errors


def show_rows(
    clients: Clients, table: Table, rows: Sequence[tuple[Any, ...]], *, database: str, name: str, location: str
) -> None:
    """Write rows as Parquet, and show them as a table.

    Args:
        clients: What speaks to AWS.
        table: Whose rows they are.
        rows: In the order of its columns.
        database: The Glue database.
        name: What the table is called that shows them.
        location: Where the files go.

    Raises:
        ConfigurationError: awswrangler is not installed.
        EngineError: They cannot be written, or are not of the columns' types.
    """
    try:
        import awswrangler  # noqa: PLC0415 (with pandas and pyarrow it takes seconds, and ingest needs none of them)
        import pandas as pd  # type: ignore[import-untyped]  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f'adding rows on athena needs the package {error.name}: pip install "usagelake[athena]"'
        ) from error
    what = f"adding rows to {table.name}"
    frame = pd.DataFrame(
        {
            column.name: pd.Series([_written(row[number]) for row in rows], dtype="object")
            for number, column in enumerate(table.columns)
        }
    )
    kinds = {
        column.name: "string" if column.type is ColumnType.TIMESTAMP else athena_type(column.type)
        for column in table.columns
    }
    try:
        with aws_errors(what):
            awswrangler.s3.to_parquet(
                frame,
                path=f"{location}/",
                dataset=True,
                mode="append",
                database=database,
                table=name,
                dtype=kinds,
                boto3_session=clients.session,
            )
    except ClientError as error:
        raise EngineError(f"{what}: {message_of(error)} ({code_of(error)})") from error
    except (awswrangler.exceptions.InvalidArgumentValue, ArithmeticError, TypeError, ValueError) as error:
        raise EngineError(f"{what}: a value is not of its column's type: {error}") from error


def insertion(table: Table, source: str) -> str:
    """Write the INSERT that takes the rows of `show_rows` in."""
    casts = [
        exp.cast(exp.column(column.name), staged_type(str(column.type)), dialect="trino") for column in table.columns
    ]
    chosen = exp.select(*casts).from_(exp.to_table(source))
    columns = [exp.to_identifier(name) for name in table.column_names]
    return to_athena(exp.Insert(this=exp.Schema(this=exp.to_table(table.name), expressions=columns), expression=chosen))


def _written(value: object) -> object:
    return value.isoformat(sep=" ", timespec="microseconds") if isinstance(value, datetime) else value
