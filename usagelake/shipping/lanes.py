"""Sealed batches that wait for their upload, a lane for each prefix, and how long a lane waits after a failure.

A store fails as a whole or by prefix (a role may write one event type and not another), so failures are counted and
waited out by lane: an outage costs one attempt per lane and wait, and a refused prefix holds up no other.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from usagelake.shipping.batch import Batch


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff with full jitter: anything between nothing and the bound, which doubles.

    The formula is that of AWS's Architecture Blog, "Exponential Backoff And Jitter".

    Attributes:
        first: The bound after the first failure, in seconds.
        longest: The bound at last.
    """

    first: float
    longest: float

    def wait(self, failures: int, random: Random) -> float:
        """Draw how long to wait after so many failures in a row."""
        return random.uniform(0.0, min(self.longest, self.first * 2.0 ** min(failures - 1, 32)))


TRANSIENT: Final = Backoff(first=0.1, longest=20.0)
"""For what passes by itself: throttling, faults of the store, timeouts, lost connections, expired credentials."""

REFUSED: Final = Backoff(first=10.0, longest=300.0)
"""For what somebody has to change: no permission, no bucket."""

CLOSING: Final = Backoff(first=0.05, longest=0.25)
"""While a process ends: the deadline decides, not the backoff."""


@dataclass(slots=True)
class _Lane:
    waiting: deque[Batch] = field(default_factory=deque)
    failures: int = 0
    not_before: float = 0.0


class Lanes:
    """The batches that wait; whoever calls a method holds the shipper's lock.

    Args:
        random: Where jitter is drawn from.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._lanes: dict[str, _Lane] = {}

    def __iter__(self) -> Iterator[Batch]:
        for lane in self._lanes.values():
            yield from lane.waiting

    def __len__(self) -> int:
        return sum(len(lane.waiting) for lane in self._lanes.values())

    def heads(self) -> Iterator[Batch]:
        """Give the first batch of each lane."""
        for lane in self._lanes.values():
            if lane.waiting:
                yield lane.waiting[0]

    def add(self, batch: Batch) -> None:
        """Queue a batch."""
        self._lanes.setdefault(batch.prefix, _Lane()).waiting.append(batch)

    def next(self, now: float) -> Batch | None:
        """Take the batch that is due for the longest time; None when none is due."""
        due = [lane for lane in self._lanes.values() if lane.waiting and lane.not_before <= now]
        if not due:
            return None
        return min(due, key=lambda lane: lane.not_before).waiting.popleft()

    def delay(self, now: float) -> float | None:
        """Tell how long until a batch is due; None while none waits."""
        waiting = [lane.not_before for lane in self._lanes.values() if lane.waiting]
        return max(0.0, min(waiting) - now) if waiting else None

    def healthy(self, prefix: str) -> bool:
        """Tell whether the last attempt of a lane went well."""
        lane = self._lanes.get(prefix)
        return lane is None or lane.failures == 0

    def failures(self) -> int:
        """Give the fewest failures in a row among the lanes in which batches wait."""
        return min((lane.failures for lane in self._lanes.values() if lane.waiting), default=0)

    def succeeded(self, batch: Batch, now: float) -> None:
        """Take note that a lane works."""
        lane = self._lanes[batch.prefix]
        lane.failures = 0
        lane.not_before = min(lane.not_before, now)

    def failed(self, batch: Batch, backoff: Backoff, now: float, *, behind: bool = False) -> None:
        """Queue a batch again, and let its lane wait.

        Args:
            batch: Whose attempt failed.
            backoff: How long.
            now: Monotonic seconds.
            behind: Whether others of the lane go first: it is this very object that is refused.
        """
        lane = self._lanes[batch.prefix]
        lane.failures += 1
        lane.not_before = now + backoff.wait(lane.failures, self._random)
        if behind:
            lane.waiting.append(batch)
        else:
            lane.waiting.appendleft(batch)

    def withdraw(self, unwanted: Callable[[Batch], bool]) -> list[Batch]:
        """Take out the batches of which something holds."""
        taken = []
        for lane in self._lanes.values():
            taken += [batch for batch in lane.waiting if unwanted(batch)]
            lane.waiting = deque(batch for batch in lane.waiting if not unwanted(batch))
        return taken

    def hurry(self, now: float) -> None:
        """Let no lane wait for what failed so far: somebody wants everything delivered now."""
        for lane in self._lanes.values():
            lane.failures = 0
            lane.not_before = min(lane.not_before, now)
