"""Query executions: what was asked, how it stands, what came out; and the tokens that join a call to one."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.fakes.athena.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")
PATIENCE_S = 2.0
"""How long a question for the state may wait for the end, so that clients that sleep between two need not."""


@dataclass(slots=True)
class Result:
    """What a statement gave.

    Attributes:
        columns: Name and type of each column.
        rows: Its values, as Athena writes them.
        header: Whether the first row of the first page tells the names.
        update_count: How many rows were changed.
    """

    columns: list[tuple[str, str]] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    header: bool = False
    update_count: int | None = None


@dataclass(slots=True)
class Execution:
    """A query execution."""

    id: str
    request: dict[str, Any]
    token: str
    workgroup: str
    output: str
    cutoff: int | None
    enforced: bool
    submitted: datetime
    state: str = "QUEUED"
    reason: str = ""
    error: dict[str, Any] | None = None
    completed: datetime | None = None
    bytes_scanned: int = 0
    statement_type: str = "DML"
    substatement: str = ""
    location: str = ""
    manifest: str | None = None
    result: Result = field(default_factory=Result)
    starts: int = 0
    polls: int = 0
    hangs: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)
    gate: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    session: duckdb.DuckDBPyConnection | None = None

    @property
    def text(self) -> str:
        """The statement."""
        return str(self.request["QueryString"])

    @property
    def database(self) -> str | None:
        """The database of names without one."""
        found = (self.request.get("QueryExecutionContext") or {}).get("Database")
        return None if found is None else str(found).lower()

    @property
    def parameters(self) -> list[str]:
        """The values of `?`."""
        return list(self.request.get("ExecutionParameters") or [])

    def end(self, state: str, reason: str = "", error: dict[str, Any] | None = None) -> None:
        """Come to an end, once."""
        if self.state not in FINAL:
            self.state, self.reason, self.error = state, reason, error
            self.completed = datetime.now(UTC)
            self.ended.set()

    def seen(self) -> str:
        """Give the state that a client sees now; a held statement runs when it has been asked for often enough."""
        if self.gate.is_set():
            self.ended.wait(PATIENCE_S)
        else:
            self.polls -= 1
            if self.polls <= 0 and not self.hangs:
                self.gate.set()
            return "RUNNING"
        return self.state

    def stop(self) -> None:
        """Cancel it, unless it is at its end."""
        self.stopping.set()
        self.gate.set()
        threading.Thread(target=self._interrupt, daemon=True, name="athena-stop").start()

    def _interrupt(self) -> None:
        """Interrupt DuckDB until the statement has ended: an interruption that comes just before it is lost."""
        while not self.ended.wait(0.02):
            session = self.session
            if session is not None:
                session.interrupt()


class Executions:
    """All query executions, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: dict[str, Execution] = {}
        self._tokens: dict[str, Execution] = {}

    def start(self, request: dict[str, Any], make: Callable[[str, str], Execution]) -> tuple[Execution, bool]:
        """Take a request on, or join the execution that had its token.

        Returns:
            The execution, and whether it is new.

        Raises:
            ApiError: The token is none, or was used for something else.
        """
        token = str(request.get("ClientRequestToken") or uuid.uuid4())
        if not 32 <= len(token) <= 128:
            bound = "greater than or equal to 32" if len(token) < 32 else "less than or equal to 128"
            raise invalid(
                f"1 validation error detected: Value '{token}' at 'clientRequestToken' failed to satisfy constraint: "
                f"Member must have length {bound}"
            )
        with self._lock:
            known = self._tokens.get(token)
            if known is not None:
                if _asked(known.request) != _asked(request):
                    raise invalid("Idempotent parameters do not match")
                return known, False
            execution = make(str(uuid.uuid4()), token)
            self._all[execution.id] = self._tokens[token] = execution
            return execution, True

    def get(self, execution_id: str) -> Execution:
        """Look an execution up.

        Raises:
            ApiError: There is none.
        """
        found = self._all.get(execution_id)
        if found is None:
            raise invalid(f"QueryExecution {execution_id} was not found")
        return found

    def all(self) -> list[Execution]:
        """Give every execution, in the order of their start."""
        with self._lock:
            return list(self._all.values())

    def reset(self) -> None:
        """Stop and forget all."""
        for execution in self.all():
            execution.stop()
            execution.ended.wait(10)
        with self._lock:
            self._all.clear()
            self._tokens.clear()


def _asked(request: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if key != "ClientRequestToken" and value not in (None, {}, [])}
