"""Statements of a run that is over: they would go on for half an hour, and change tables beside the next run's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from usagelake.engines.athena.calls import code_of, message_of
from usagelake.engines.athena.executions import is_over
from usagelake.engines.athena.pace import pauses
from usagelake.errors import EngineError

if TYPE_CHECKING:
    from usagelake.engines.athena.calls import Clients
    from usagelake.engines.athena.config import AthenaConfig

LOOKED_AT: Final = 50
"""How many of a workgroup's newest executions are looked at: one page. A run has one statement going at a time."""


def end_leftovers(clients: Clients, config: AthenaConfig) -> None:
    """Stop what a run that was killed has left running in the lake's workgroup and database, and wait for its end.

    To be called by who has the lake to itself: whatever runs there then is nobody's.

    Raises:
        EngineError: Athena cannot be asked, or does not stop a statement.
    """
    what = f"looking in the workgroup {config.workgroup} for what a killed run has left"
    try:
        listed = clients.call(
            what,
            lambda: clients.athena.list_query_executions(WorkGroup=config.workgroup, MaxResults=LOOKED_AT),
        ).get("QueryExecutionIds", [])
        waiting = _running(clients, config, what, listed)
        for execution_id in waiting:
            _stop(clients, execution_id)
        end = clients.pace.end_of_statement()
        for pause in pauses():
            if not waiting:
                return
            if clients.pace.clock() >= end:
                raise EngineError(f"{what}: {', '.join(waiting)} does not end; stop it, and run again")
            clients.pace.sleep(pause)
            waiting = _running(clients, config, what, waiting)
    except ClientError as error:
        raise EngineError(f"{what}: {message_of(error)} ({code_of(error)})") from error


def _running(clients: Clients, config: AthenaConfig, what: str, ids: list[str]) -> list[str]:
    if not ids:
        return []
    found = clients.call(what, lambda: clients.athena.batch_get_query_execution(QueryExecutionIds=ids))
    return [
        seen["QueryExecutionId"]
        for seen in found.get("QueryExecutions", [])
        if seen.get("QueryExecutionContext", {}).get("Database") == config.database and not is_over(seen)
    ]


def _stop(clients: Clients, execution_id: str) -> None:
    clients.call(
        f"stopping Athena execution {execution_id}, whose run is over",
        lambda: clients.athena.stop_query_execution(QueryExecutionId=execution_id),
    )
