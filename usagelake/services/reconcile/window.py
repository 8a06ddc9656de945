"""The span of event time that is reconciled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from usagelake.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Window:
    """The instants of ``[start, end)``; an end that is None is open.

    Raises:
        ConfigurationError: It holds no instant.
    """

    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ConfigurationError(f"the window from {self.start} to {self.end} is empty; let it end after its start")

    def contains(self, instant: datetime) -> bool:
        """Tell whether an instant falls into the window."""
        return (self.start is None or self.start <= instant) and (self.end is None or instant < self.end)

    def overlaps(self, first: datetime, last: datetime) -> bool:
        """Tell whether any instant from `first` to `last`, both included, falls into the window."""
        return (self.start is None or self.start <= last) and (self.end is None or first < self.end)

    def near(self, instant: datetime, margin: timedelta) -> bool:
        """Tell whether an instant is in the window or at most so far from it."""
        before = self.start is None or self.start - instant <= margin
        return before and (self.end is None or instant - self.end <= margin)

    @property
    def whole_hours(self) -> bool:
        """Whether it starts and ends at the turn of an hour."""
        ends = [instant for instant in (self.start, self.end) if instant is not None]
        return all(instant.replace(minute=0, second=0, microsecond=0) == instant for instant in ends)
