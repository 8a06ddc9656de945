"""Rows added to a table by awswrangler: written as Parquet beside it, and inserted by one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from usagelake.engines.athena.calls import aws_errors, code_of, message_of
from usagelake.engines.iceberg_ddl import athena_type
from usagelake.errors import ConfigurationError, EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usagelake.domain.schema import Table
    from usagelake.engines.athena.calls import Clients
    from usagelake.engines.athena.config import AthenaConfig

_STARTED = "after-call.athena.StartQueryExecution"


def append(
    clients: Clients, config: AthenaConfig, table: Table, rows: Sequence[tuple[Any, ...]], *, location: str
) -> list[str]:
    """Add rows to a table, in one commit.

    Args:
        clients: What speaks to AWS.
        config: Where the lake is.
        table: The table.
        rows: Its rows, in the order of its columns.
        location: Where the Parquet files go; they are left to its lifecycle rule.

    Returns:
        The ids of the executions that awswrangler has started.

    Raises:
        ConfigurationError: awswrangler is not installed.
        EngineError: The rows could not be added; none was.
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
            column.name: pd.Series([row[number] for row in rows], dtype="object")
            for number, column in enumerate(table.columns)
        }
    )
    started: list[str] = []

    def note(parsed: dict[str, Any], **_: object) -> None:
        if "QueryExecutionId" in parsed:
            started.append(str(parsed["QueryExecutionId"]))

    clients.session.events.register(_STARTED, note)
    try:
        with aws_errors(what):
            awswrangler.athena.to_iceberg(
                frame,
                database=config.database,
                table=table.name,
                temp_path=f"{location}/",
                workgroup=config.workgroup,
                mode="append",
                keep_files=True,
                dtype={column.name: athena_type(column.type) for column in table.columns},
                boto3_session=clients.session,
                schema_evolution=False,
            )
    except ClientError as error:
        raise EngineError(f"{what}: {message_of(error)} ({code_of(error)})") from error
    except awswrangler.exceptions.QueryFailed as error:
        raise EngineError(f"{what}: {error} (Athena execution {started[-1] if started else 'unknown'})") from error
    except awswrangler.exceptions.QueryCancelled as error:
        raise EngineError(f"{what}: somebody cancelled it ({error}); nothing of it is kept, run again") from error
    finally:
        clients.session.events.unregister(_STARTED, note)
    return started
