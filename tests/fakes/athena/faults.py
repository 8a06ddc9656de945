"""What goes wrong, told beforehand: each fault strikes the calls or the statements that it is for, so many times."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from tests.fakes.athena.errors import USER

if TYPE_CHECKING:
    from collections.abc import Iterable

OF_CALLS = ("throttle", "error", "lost_response")
OF_STATEMENTS = ("fail", "cancel", "hang", "delay")
OF_PAGES = ("page_token_expires",)


@dataclass(slots=True)
class Fault:
    """A fault.

    Attributes:
        kind: `throttle` (TooManyRequestsException), `error` (the exception `code`), `lost_response` (the call is
            carried out, and the connection closed instead of an answer), for calls of `operation`; `fail`, `cancel`,
            `hang` (RUNNING until it is stopped), `delay` (RUNNING for so many `polls`, and only then carried out), for
            statements; `page_token_expires`, for GetQueryResults after so many `pages`.
        times: How often it strikes.
        skip: How many calls or statements that it is for it lets pass before.
        operation: Of a call.
        match: A regular expression that a statement's text holds; every statement if it is empty.
        code: Of an exception, such as `ExpiredTokenException`.
        reason: The message of an exception, or the StateChangeReason.
        category: Of AthenaError: 1 system, 2 user, 3 other.
        retryable: Of AthenaError.
        polls: For `delay`.
        pages: For `page_token_expires`.
    """

    kind: str
    times: int = 1
    skip: int = 0
    operation: str = "StartQueryExecution"
    match: str = ""
    code: str = "InternalServerException"
    reason: str = ""
    category: int = USER
    retryable: bool = False
    polls: int = 2
    pages: int = 1

    def __post_init__(self) -> None:
        if self.kind not in (*OF_CALLS, *OF_STATEMENTS, *OF_PAGES):
            raise ValueError(f"there is no fault {self.kind!r}")

    def to_dict(self) -> dict[str, Any]:
        """Write it as JSON takes it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> Fault:
        """Read it.

        Raises:
            ValueError: It is none.
        """
        unknown = told.keys() - {each.name for each in fields(cls)}
        if unknown or "kind" not in told:
            raise ValueError(f"a fault has a kind, and no {sorted(unknown)}")
        return cls(**told)


class Faults:
    """The faults to come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, faults: Iterable[Fault]) -> None:
        """Add faults; an earlier one strikes first."""
        with self._lock:
            self._waiting += faults

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._waiting.clear()

    def of_call(self, operation: str) -> Fault | None:
        """Give the fault that strikes a call."""
        return self._strike(lambda fault: fault.kind in OF_CALLS and fault.operation == operation)

    def of_statement(self, text: str) -> Fault | None:
        """Give the fault that strikes a statement."""
        return self._strike(
            lambda fault: fault.kind in OF_STATEMENTS and re.search(fault.match, text, re.IGNORECASE) is not None
        )

    def of_page(self, page: int) -> Fault | None:
        """Give the fault that strikes the asking for a page, counted from 0."""
        return self._strike(lambda fault: fault.kind in OF_PAGES and page >= fault.pages)

    def _strike(self, is_for: Any) -> Fault | None:
        with self._lock:
            for fault in self._waiting:
                if not is_for(fault):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if not fault.times:
                    self._waiting.remove(fault)
                return fault
        return None
