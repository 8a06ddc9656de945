"""A connection to Trino, with its errors in the project's words."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from usagelake.errors import ConfigurationError, EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trino.dbapi import Connection

    from usagelake.engines.trino.config import TrinoConfig

SOURCE = "usagelake"
"""What the cluster knows the project's statements by."""

FETCH_ROWS = 10_000
"""How many rows are asked for at a time."""

_NOT_ALLOWED = (401, 403)


def connect(config: TrinoConfig) -> Connection:
    """Open a connection; nothing is asked yet.

    Raises:
        ConfigurationError: The client is not installed.
    """
    try:
        from trino import auth, dbapi  # noqa: PLC0415 (an extra: only who runs on Trino needs it)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f'the engine trino needs the package {error.name}: pip install "usagelake[trino]"'
        ) from error
    connection: Connection = dbapi.connect(  # type: ignore[no-untyped-call]
        host=config.host,
        port=config.port,
        user=config.user,
        http_scheme=config.scheme,
        auth=None if config.password is None else auth.BasicAuthentication(config.user, config.password),
        catalog=config.iceberg_catalog,
        schema=config.schema,
        source=SOURCE,
        timezone="UTC",
        session_properties={f"{config.hive_catalog}.timestamp_precision": "MICROSECONDS"},
        heartbeat_interval=None,
    )
    return connection


def close(connection: Connection) -> None:
    """Close a connection."""
    connection.close()  # type: ignore[no-untyped-call]


def run(connection: Connection, what: str, sql: str) -> None:
    """Run a statement to its end.

    Args:
        connection: Where.
        what: What it is, for messages.
        sql: The statement.

    Raises:
        EngineError: It failed.
    """
    for _ in stream(connection, what, sql, []):
        pass


def stream(connection: Connection, what: str, sql: str, columns: list[tuple[str, str]]) -> Iterator[tuple[Any, ...]]:
    """Run a query and bring its rows as they come.

    Args:
        connection: Where.
        what: What it is, for messages.
        sql: The query.
        columns: Is filled with the columns' names and types before the first row comes.

    Raises:
        EngineError: It failed; the query is cancelled when its reader leaves early.
    """
    with engine_errors(what), closing(connection.cursor()) as cursor:
        cursor.execute(sql)
        columns.extend((str(column[0]), str(column[1])) for column in cursor.description or ())
        while rows := cursor.fetchmany(FETCH_ROWS):
            yield from map(tuple, rows)


@contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """Turn the client's errors into the project's.

    Args:
        what: What was done, for the message.

    Raises:
        EngineError: With Trino's own reason and the query's id.
    """
    import requests  # noqa: PLC0415 (comes with the client)
    from trino import exceptions  # noqa: PLC0415

    try:
        yield
    except exceptions.TrinoQueryError as error:
        raise EngineError(f"{what}: {error.message} ({error.error_name}, Trino query {error.query_id})") from error
    except exceptions.HttpError as error:
        if any(str(error).startswith(f"error {status}") for status in _NOT_ALLOWED):
            raise EngineError(
                f"{what}: Trino does not take the credentials ({error}); renew them, and run again to go on"
            ) from error
        raise EngineError(f"{what}: Trino did not answer: {error}") from error
    except (exceptions.Error, requests.RequestException) as error:
        raise EngineError(f"{what}: Trino cannot be reached or did not answer as Trino does: {error}") from error
