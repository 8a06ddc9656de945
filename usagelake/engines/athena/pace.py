"""How long Athena is waited for, and how often it is asked."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
GROWTH = 1.6

CALL_ATTEMPTS = 8
"""A call that is throttled, or is not answered, is made so often: for about half a minute."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long Athena is waited for.

    Attributes:
        clock: Tells seconds that only grow.
        sleep: Waits for some seconds.
        deadline: On that clock, when the run must be over; None: no such time.
        statement_seconds: How long one statement may take; Athena itself ends one after 30 minutes.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    deadline: float | None = None
    statement_seconds: float = 1_800.0

    def end_of_statement(self) -> float:
        """Tell when a statement that is started now must be over."""
        end = self.clock() + self.statement_seconds
        return end if self.deadline is None else min(end, self.deadline)


def pauses() -> Iterator[float]:
    """Give the pauses between one look and the next: short at first, then longer, without end.

    Example:
        >>> from itertools import islice
        >>> [round(pause, 2) for pause in islice(pauses(), 8)]
        [0.2, 0.32, 0.51, 0.82, 1.31, 2.1, 3.36, 5.0]
    """
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * GROWTH, LONGEST_PAUSE)
