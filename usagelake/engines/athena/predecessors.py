"""Statements that a run before this one has left running: its process is gone, Athena works on.

Two MERGEs of the same events at once would each find none of them there. So the first statement of a run that changes
rows waits for those, unless it is the very same statement, which is joined by its token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from usagelake.engines.athena.calls import code_of, message_of
from usagelake.engines.athena.pace import pauses
from usagelake.errors import EngineError

if TYPE_CHECKING:
    from usagelake.engines.athena.calls import Clients
    from usagelake.engines.athena.config import AthenaConfig

NEWEST: Final = 50
"""How many of the workgroup's executions are looked at: one call's. A run works on one statement at a time."""

CHANGING: Final = ("MERGE", "DELETE", "INSERT", "UPDATE")

_UNFINISHED: Final = frozenset({"QUEUED", "RUNNING"})


def changes_rows(sql: str) -> bool:
    """Tell whether a statement changes rows of a table that is there."""
    return sql.startswith(CHANGING)


def wait_for_others(clients: Clients, config: AthenaConfig, name: str, sql: str) -> None:
    """Wait until no other statement changes rows of this lake.

    Args:
        clients: What speaks to AWS.
        config: Where the lake is.
        name: What waits, for messages.
        sql: The statement that waits.

    Raises:
        EngineError: One was not over by the deadline, or Athena cannot be asked.
    """
    what = f"{name}: looking for statements that an earlier run has left running"
    end = clients.pace.end_of_statement()
    try:
        for pause in pauses():
            running = _running(clients, config, what, sql)
            if not running:
                return
            left = end - clients.pace.clock()
            if left <= 0:
                raise EngineError(
                    f"{name}: Athena execution {running[0]}, of an earlier run, was not over by the deadline; "
                    "run again when it is"
                )
            clients.pace.sleep(min(pause, left))
    except ClientError as error:
        raise EngineError(f"{what}: {message_of(error)} ({code_of(error)})") from error


def _running(clients: Clients, config: AthenaConfig, what: str, sql: str) -> list[str]:
    ids = clients.call(
        what, lambda: clients.athena.list_query_executions(WorkGroup=config.workgroup, MaxResults=NEWEST)
    )["QueryExecutionIds"]
    if not ids:
        return []
    found = clients.call(what, lambda: clients.athena.batch_get_query_execution(QueryExecutionIds=ids))
    return [
        each["QueryExecutionId"]
        for each in found["QueryExecutions"]
        if each["Status"]["State"] in _UNFINISHED
        and each.get("QueryExecutionContext", {}).get("Database") == config.database
        and changes_rows(each["Query"])
        and each["Query"] != sql
    ]
