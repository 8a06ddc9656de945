"""Tables that a lake has lost: made anew and empty, they would pass for usage that there never was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from usagelake.domain.schema import INGESTED_OBJECTS
from usagelake.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Container

LEDGER: Final = INGESTED_OBJECTS.name
"""What tells which objects need not be read again. Without it all are read again, and everything comes back."""

RESTING_ON_IT: Final = ("api_requests", "billing_events", "quarantine", "usage_hourly", "stale_hours", "rolled_meters")
"""What objects that were taken have left, here and nowhere else in the lake."""


def refuse_loss(lake: str, found: Container[str], has_rows: Callable[[str], bool]) -> None:
    """Refuse a lake that lacks a table into which objects were taken already.

    A run that was killed while it made its first tables, and one whose first batch was not kept, have taken none.

    Args:
        lake: The lake, for messages.
        found: The tables that it has.
        has_rows: Tells whether a table that it has holds anything; asked only when one is missing.

    Raises:
        EngineError: It does.
    """
    lost = [table for table in RESTING_ON_IT if table not in found]
    if lost and LEDGER in found and has_rows(LEDGER):
        raise EngineError(
            f"{lake}: {' and '.join(lost)} is gone, and {LEDGER} says that objects were taken into it; restore it, or "
            f"drop {LEDGER} too: the next run that lists the whole landing then brings everything back"
        )
