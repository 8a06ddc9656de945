"""Results of Athena, read page by page with PyAthena, as the Python values that every engine gives."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.exceptions import ClientError
from pyathena import connect
from pyathena.converter import DefaultTypeConverter
from pyathena.error import Error
from pyathena.model import AthenaQueryExecution
from pyathena.result_set import AthenaResultSet
from pyathena.util import RetryConfig

from usagelake.engines.athena.calls import code_of, judged, may_pass, message_of
from usagelake.engines.athena.pace import CALL_ATTEMPTS, pauses
from usagelake.errors import EngineError, UsageLakeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef
    from pyathena.connection import Connection

    from usagelake.engines.athena.calls import Clients
    from usagelake.engines.athena.config import AthenaConfig

PAGE_ROWS: Final = 1_000
"""What one page holds at most."""

_PAGE_EXPIRED: Final = "InvalidRequestException"
"""What Athena answers to a page's token that it does not know any more."""

logging.getLogger("pyathena").addHandler(logging.NullHandler())  # what fails is said by our own errors


class Results:
    """Reads results.

    Args:
        clients: What speaks to AWS.
        config: Where the lake is.
    """

    def __init__(self, clients: Clients, config: AthenaConfig) -> None:
        self._clients = clients
        self._connection: Connection[Any] = connect(
            s3_staging_dir="",
            work_group=config.workgroup,
            schema_name=config.database,
            region_name=clients.athena.meta.region_name,
            session=clients.session,
            config=Config(retries={"total_max_attempts": 1, "mode": "standard"}),
            retry_config=RetryConfig(attempt=1),
        )

    def close(self) -> None:
        """Let go of what was opened."""
        self._connection.close()

    def stream(
        self, name: str, execution: QueryExecutionTypeDef, columns: list[tuple[str, str]]
    ) -> Iterator[tuple[Any, ...]]:
        """Bring a result's rows as they come, each once.

        A page's token may expire, and a call may be throttled: then the result, which does not change any more, is
        read from its first page again, without the rows that came before.

        Args:
            name: What was asked, for messages.
            execution: What Athena says of it.
            columns: Is filled with the columns' names and types before the first row comes.

        Raises:
            EngineError: The result cannot be read.
        """
        given = 0
        failures = pauses()
        attempts = CALL_ATTEMPTS
        while True:
            before = given
            try:
                with self._opened(name, execution) as result:
                    columns[:] = _columns(result)
                    for number, row in enumerate(iter(result.fetchone, None)):
                        if number < given:
                            continue
                        given = number + 1
                        yield tuple(row)
                    return
            except _AgainError as error:
                attempts = CALL_ATTEMPTS if given > before else attempts - 1
                if attempts == 0:
                    raise error.reason from error
                self._clients.pace.sleep(next(failures))

    @contextmanager
    def _opened(self, name: str, execution: QueryExecutionTypeDef) -> Iterator[AthenaResultSet]:
        """Open a result at its first page; say by an error of its own when reading again may help."""
        what = f"{name}: reading the result of Athena execution {execution['QueryExecutionId']}"
        result: AthenaResultSet | None = None
        try:
            result = AthenaResultSet(
                self._connection,
                DefaultTypeConverter(),
                AthenaQueryExecution({"QueryExecution": dict(execution)}),
                PAGE_ROWS,
                RetryConfig(attempt=1),
            )
            yield result
        except Error as error:
            cause = error.__cause__ if error.__cause__ is not None else error
            reason = _reason(what, cause)
            expired = result is not None and isinstance(cause, ClientError) and code_of(cause) == _PAGE_EXPIRED
            if expired or may_pass(cause):
                raise _AgainError(reason) from error
            raise reason from error
        finally:
            if result is not None:
                result.close()


class _AgainError(Exception):
    """A result is to be read again from its first page."""

    def __init__(self, reason: UsageLakeError) -> None:
        super().__init__(str(reason))
        self.reason = reason


def _reason(what: str, cause: BaseException) -> UsageLakeError:
    known = judged(what, cause)
    if known is not None:
        return known
    if isinstance(cause, ClientError):
        return EngineError(f"{what}: {message_of(cause)} ({code_of(cause)})")
    return EngineError(f"{what}: {cause}")


def _columns(result: AthenaResultSet) -> list[tuple[str, str]]:
    """Give the columns' names and types, as Trino spells them."""
    return [
        (str(name), f"decimal({precision},{scale})" if kind == "decimal" else str(kind))
        for name, kind, _, _, precision, scale, _ in result.description or ()
    ]
