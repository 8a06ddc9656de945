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
"""How many of the workgroup's executions are looked at: one call's. Older ones are told by their time alone, of which
AWS's answers say whole seconds."""

CHANGING: Final = ("MERGE", "DELETE", "INSERT", "UPDATE")

_UNFINISHED: Final = frozenset({"QUEUED", "RUNNING"})


def changes_rows(sql: str) -> bool:
    """Tell whether a statement changes rows of a table that is there."""
    return sql.startswith(CHANGING)


def newest(clients: Clients, config: AthenaConfig, name: str) -> frozenset[str]:
    """Give the ids of the newest executions of the workgroup.

    Args:
        clients: What speaks to AWS.
        config: Where the lake is.
        name: What asks, for messages.

    Raises:
        EngineError: Athena cannot be asked.
    """
    what = f"{name}: looking for what earlier runs have started"
    try:
        answer = clients.call(
            what, lambda: clients.athena.list_query_executions(WorkGroup=config.workgroup, MaxResults=NEWEST)
        )
    except ClientError as error:
        raise EngineError(f"{what}: {message_of(error)} ({code_of(error)})") from error
    return frozenset(answer["QueryExecutionIds"])


def wait_for_others(clients: Clients, config: AthenaConfig, name: str, sql: str, ids: frozenset[str]) -> None:
    """Wait until none of some executions changes rows of this lake any more.

    Args:
        clients: What speaks to AWS.
        config: Where the lake is.
        name: What waits, for messages.
        sql: The statement that waits; the very same one is not waited for.
        ids: The executions, as `newest` gave them.

    Raises:
        EngineError: One was not over by the deadline, or Athena cannot be asked.
    """
    what = f"{name}: looking after statements that an earlier run has left running"
    end = clients.pace.end_of_statement()
    left = sorted(ids)
    try:
        for pause in pauses():
            left = _running(clients, config, what, sql, left)
            if not left:
                return
            remaining = end - clients.pace.clock()
            if remaining <= 0:
                raise EngineError(
                    f"{name}: Athena execution {left[0]}, of an earlier run, was not over by the deadline; "
                    "run again when it is"
                )
            clients.pace.sleep(min(pause, remaining))
    except ClientError as error:
        raise EngineError(f"{what}: {message_of(error)} ({code_of(error)})") from error


def _running(clients: Clients, config: AthenaConfig, what: str, sql: str, ids: list[str]) -> list[str]:
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
