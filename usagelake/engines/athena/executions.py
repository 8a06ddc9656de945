"""Statements on Athena: started once, waited for, stopped when they may not go on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from usagelake.engines.athena.calls import code_of, message_of
from usagelake.engines.athena.identity import token
from usagelake.engines.athena.pace import pauses
from usagelake.engines.athena.predecessors import changes_rows, newest, wait_for_others
from usagelake.engines.athena.spending import Spent
from usagelake.errors import EngineError, UsageLakeError

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef

    from usagelake.engines.athena.calls import Clients
    from usagelake.engines.athena.config import AthenaConfig
    from usagelake.engines.athena.identity import Run

QUERY_BYTES: Final = 262_144
"""How long Athena takes a statement's text (https://docs.aws.amazon.com/athena/latest/ug/service-limits.html)."""

STARTS_AT_MOST: Final = 100
"""How many executions under a statement's tokens may be over before this run gives up looking for a new one."""

RETRIES: Final = 2
"""How often a statement that failed for a reason of Athena's own is started again."""

_OVER: Final = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


class Executions:
    """Runs statements, one at a time.

    Args:
        clients: What speaks to AWS.
        config: Where the lake is.
        run: Who starts them.
        opened: When this run began, by AWS's clock: an execution that was submitted before is a predecessor's.
    """

    def __init__(self, clients: Clients, config: AthenaConfig, run: Run, opened: datetime) -> None:
        self.spent: list[Spent] = []
        self._clients = clients
        self._config = config
        self._run = run
        self._opened = opened
        self._started: Counter[str] = Counter()
        self._before: frozenset[str] | None = None
        self._alone = False

    def change(self, name: str, sql: str) -> None:
        """Run a statement that changes something, or join the one that a predecessor has left running.

        Args:
            name: The SQL file's name, or what is done.
            sql: The statement.

        Raises:
            EngineError: It failed, was cancelled, or took too long and was stopped.
        """
        if self._before is None:
            self._before = newest(self._clients, self._config, name)
        if not self._alone and changes_rows(sql):
            wait_for_others(self._clients, self._config, name, sql, self._before)
            self._alone = True
        self._ran(name, sql, reading=False)

    def wait_again(self) -> None:
        """Let the next change wait for what is running by then: the lake was somebody else's in between."""
        self._before, self._alone = None, False

    def read(self, name: str, sql: str) -> QueryExecutionTypeDef:
        """Run a statement whose result nobody else's run may stand for; give what Athena says of it.

        Raises:
            EngineError: As `change`.
        """
        return self._ran(name, sql, reading=True)

    def _ran(self, name: str, sql: str, *, reading: bool) -> QueryExecutionTypeDef:
        length = len(sql.encode())
        if length > QUERY_BYTES:
            raise EngineError(
                f"{name}: the statement is {length:,} bytes and Athena takes {QUERY_BYTES:,}; give it shorter lists"
            )
        self._started[sql] += 1
        failed = 0
        for again in range(STARTS_AT_MOST):
            client_token = token(
                self._run, self._config.database, self._started[sql], sql, reading=reading, again=again
            )
            execution_id = self._start(name, sql, client_token)
            seen = self._look(name, execution_id)
            if is_over(seen) and self._is_a_predecessors(seen):
                continue
            seen = self._wait(name, execution_id, seen)
            self._keep(name, seen)
            if seen["Status"]["State"] == "SUCCEEDED":
                return seen
            if failed < RETRIES and seen["Status"].get("AthenaError", {}).get("Retryable"):
                failed += 1
                continue
            raise EngineError(_why(name, seen))
        raise EngineError(f"{name}: {STARTS_AT_MOST} executions of it are over already; run again as another attempt")

    def _start(self, name: str, sql: str, client_token: str) -> str:
        try:
            return self._clients.call(
                f"{name}: starting it on Athena",
                lambda: self._clients.athena.start_query_execution(
                    QueryString=sql,
                    ClientRequestToken=client_token,
                    QueryExecutionContext={"Database": self._config.database},
                    WorkGroup=self._config.workgroup,
                    ResultReuseConfiguration={"ResultReuseByAgeConfiguration": {"Enabled": False}},
                ),
            )["QueryExecutionId"]
        except ClientError as error:
            raise EngineError(f"{name}: Athena does not take it: {message_of(error)} ({code_of(error)})") from error

    def _look(self, name: str, execution_id: str) -> QueryExecutionTypeDef:
        try:
            return self._clients.call(
                f"{name}: looking after Athena execution {execution_id}",
                lambda: self._clients.athena.get_query_execution(QueryExecutionId=execution_id),
            )["QueryExecution"]
        except ClientError as error:
            raise EngineError(
                f"{name}: Athena says nothing of execution {execution_id}: {message_of(error)} ({code_of(error)})"
            ) from error

    def _wait(self, name: str, execution_id: str, seen: QueryExecutionTypeDef) -> QueryExecutionTypeDef:
        """Look until it is over; stop it when nobody waits any more."""
        pace = self._clients.pace
        end = pace.end_of_statement()
        try:
            for pause in pauses():
                if is_over(seen):
                    break
                left = end - pace.clock()
                if left <= 0:
                    self._stop(name, execution_id)
                    raise EngineError(
                        f"{name}: Athena execution {execution_id} was not over by the deadline and was stopped; "
                        "nothing of it is kept, run again"
                    )
                pace.sleep(min(pause, left))
                seen = self._look(name, execution_id)
        except (KeyboardInterrupt, SystemExit):
            self._stop(name, execution_id)
            raise
        return seen

    def _stop(self, name: str, execution_id: str) -> None:
        """Stop an execution; where that fails, Athena ends it by itself."""
        try:
            self._clients.call(
                f"{name}: stopping Athena execution {execution_id}",
                lambda: self._clients.athena.stop_query_execution(QueryExecutionId=execution_id),
            )
        except (ClientError, UsageLakeError):
            return

    def _is_a_predecessors(self, seen: QueryExecutionTypeDef) -> bool:
        submitted = seen["Status"].get("SubmissionDateTime")
        return seen["QueryExecutionId"] in (self._before or ()) or (submitted is not None and submitted < self._opened)

    def _keep(self, name: str, seen: QueryExecutionTypeDef) -> None:
        """Record what it took; Athena charges nothing for what failed."""
        if seen["Status"]["State"] == "FAILED":
            return
        took: dict[str, Any] = dict(seen.get("Statistics", {}))
        self.spent.append(
            Spent(
                statement=name,
                execution_id=seen["QueryExecutionId"],
                kind=str(seen.get("StatementType", "")),
                bytes_scanned=int(took.get("DataScannedInBytes") or 0),
                milliseconds=int(took.get("TotalExecutionTimeInMillis") or 0),
            )
        )


def is_over(seen: QueryExecutionTypeDef) -> bool:
    """Tell whether an execution has come to its end, whichever that is."""
    return seen["Status"]["State"] in _OVER


def _why(name: str, seen: QueryExecutionTypeDef) -> str:
    """Say why an execution did not succeed, in Athena's own words."""
    status = seen["Status"]
    reason = str(
        status.get("StateChangeReason") or status.get("AthenaError", {}).get("ErrorMessage") or "no reason given"
    )
    where = f"Athena execution {seen['QueryExecutionId']}"
    if status["State"] == "CANCELLED":
        return f"{name}: somebody cancelled it ({reason}; {where}); nothing of it is kept, run again"
    kind = status.get("AthenaError", {}).get("ErrorType")
    return f"{name}: {reason} ({where}{'' if kind is None else f', error type {kind}'})"
