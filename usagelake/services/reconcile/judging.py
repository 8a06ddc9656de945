"""Judging one side's lines: billing events of the window, others, and what is no billing event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.domain.billing_event import parse_billing_event
from usagelake.domain.quarantine import Rejected
from usagelake.services.reconcile.ledger import Cell
from usagelake.services.reconcile.report import BadLine, Rejections, Side

if TYPE_CHECKING:
    from collections.abc import Callable

    from usagelake.domain.billing_event import BillingEvent
    from usagelake.domain.json_lines import Line
    from usagelake.domain.quarantine import Reason
    from usagelake.services.reconcile.window import Window


class Judge:
    """Counts one side's lines, every one of them.

    Args:
        window: Which events are wanted.
        bad: Is told of each line that is no billing event.
    """

    def __init__(self, window: Window, bad: Callable[[BadLine], None]) -> None:
        self.side = Side()
        self._window = window
        self._bad = bad

    def event(
        self, line: Line, found_in: str, *, wanted: Callable[[str], bool] = lambda _: False
    ) -> BillingEvent | None:
        """Count a line, and give its event where it is one of the window.

        Args:
            line: The line.
            found_in: Its file or object.
            wanted: Tells of an event's id whether it counts whatever its time.
        """
        self.side.lines += 1
        event = Rejected(line.reason) if line.reason is not None else parse_billing_event(line.text)
        if isinstance(event, Rejected):
            self._reject(event.reason, line.text, found_in)
            return None
        if not self._window.contains(event.event_time) and not wanted(event.event_id):
            self.side.outside += 1
            return None
        self.side.events += 1
        return event

    def known_event(self) -> None:
        """Count a line of which it is known that its event is one of the window."""
        self.side.lines += 1
        self.side.events += 1

    def _reject(self, reason: Reason, text: str, found_in: str) -> None:
        rejections = self.side.rejected.setdefault(reason, Rejections(0, found_in))
        rejections.lines += 1
        self._bad(BadLine(reason, found_in, text))


def cell_of(event: BillingEvent) -> Cell:
    """Tell where an event counts."""
    return Cell(event.event_type, event.event_time.replace(second=0, microsecond=0))
