"""How lines reach the landing folder: at once, late, twice, or spoilt on the way."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import random

    from usagelake.simulation.account import SourceAccount
    from usagelake.simulation.landing_writer import ObjectBuffer

_MINUTE_MS = 60_000
_LONGEST_MS = 48 * 60 * _MINUTE_MS - 10 * _MINUTE_MS
_LATE_FROM_MS = 15 * _MINUTE_MS
_AGAIN_FROM_MS = 1_000
_LONGEST_RUN = 50


class Spoiler(Protocol):
    """Makes malformed lines."""

    def spoil(self, line: str) -> tuple[str, str]:
        """Return a malformed line, made of a valid one, and the reason for which it is quarantined."""

    def conflict(self, line: str) -> tuple[str, str]:
        """Return a valid line with the same id and other content, and the reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mishaps:
    """What goes wrong on the way, and how often, as shares of the events.

    Args:
        duplicates: Lines that are redelivered.
        late: Lines that arrive minutes to 48 hours late.
        malformed: Malformed lines beside the valid ones.
        spoiler: Makes malformed lines.
        rng: Draws what goes wrong, and for how long.
    """

    duplicates: float
    late: float
    malformed: float
    spoiler: Spoiler
    rng: random.Random


class Channel:
    """One way to the landing folder, with a buffer for what is sent and one for what is sent again.

    A redelivered line goes through a buffer of its own, so that it never shares an object with the first.

    Args:
        live: The buffer of first deliveries.
        again: The buffer of redeliveries.
        mishaps: What goes wrong.
        account: Where duplicates, late and malformed lines are counted.
    """

    def __init__(
        self,
        *,
        live: ObjectBuffer,
        again: ObjectBuffer,
        mishaps: Mishaps,
        account: SourceAccount,
    ) -> None:
        self._live = live
        self._again = again
        self._mishaps = mishaps
        self._rng = rng = mishaps.rng
        self._account = account
        self._held: list[tuple[int, int, str]] = []
        self._repeats: list[tuple[int, int, str]] = []
        self._pushed = 0
        self._late_due = rng.random() if mishaps.late else 0.0
        self._malformed_due = rng.random() if mishaps.malformed else 0.0
        self._repeats_due = rng.random() if mishaps.duplicates else 0.0
        self._next_run = 1

    def send(self, arrivals_ms: list[int], lines: list[str], until_ms: int) -> None:
        """Deliver the fresh lines of a slot and what else arrives until its end.

        Args:
            arrivals_ms: When each line arrives, sorted; the list is consumed.
            lines: Valid lines with distinct ids; the list is consumed.
            until_ms: The slot's end.
        """
        self._account.events += len(lines)
        taken = self._redeliver(arrivals_ms, lines)
        spoilt = self._spoil(arrivals_ms, lines, taken)
        self._hold_back(arrivals_ms, lines, taken)
        for arrival, line in (*spoilt, *_due(self._held, until_ms)):
            at = bisect_right(arrivals_ms, arrival)
            arrivals_ms.insert(at, arrival)
            lines.insert(at, line)
        self._live.extend(arrivals_ms, lines)
        self._extend(self._again, _due(self._repeats, until_ms))

    def close(self) -> None:
        """Deliver all that is still held back, and seal the buffers."""
        for buffer, heap in ((self._live, self._held), (self._again, self._repeats)):
            self._extend(buffer, _due(heap, None))
            buffer.close()

    def _extend(self, buffer: ObjectBuffer, due: list[tuple[int, str]]) -> None:
        buffer.extend([arrival for arrival, _ in due], [line for _, line in due])

    def _redeliver(self, arrivals_ms: list[int], lines: list[str]) -> set[int]:
        """Choose runs of lines that will be delivered again; return the indexes chosen."""
        taken: set[int] = set()
        self._repeats_due += len(lines) * self._mishaps.duplicates
        while self._repeats_due >= min(self._next_run, len(lines)) and len(taken) < len(lines):
            first = self._rng.randrange(len(lines))
            run = [at for at in range(first, min(first + self._next_run, len(lines))) if at not in taken]
            if not run:
                break
            taken.update(run)
            arrival = arrivals_ms[run[-1]] + self._delay(_AGAIN_FROM_MS)
            for at in run:
                self._push(self._repeats, arrival, lines[at])
            self._account.duplicates += len(run)
            self._repeats_due -= len(run)
            self._next_run = min(_LONGEST_RUN, 1 + 4096 // (1 + self._rng.getrandbits(12)))
        return taken

    def _spoil(self, arrivals_ms: list[int], lines: list[str], taken: set[int]) -> list[tuple[int, str]]:
        """Make malformed lines beside some of the lines; return them with their arrivals."""
        self._malformed_due += len(lines) * self._mishaps.malformed
        spoilt = []
        while lines and self._malformed_due >= 1:
            at = self._rng.randrange(len(lines))
            if self._rng.getrandbits(4) or at in taken:
                text, reason = self._mishaps.spoiler.spoil(lines[at])
            else:
                taken.add(at)
                text, reason = self._mishaps.spoiler.conflict(lines[at])
            spoilt.append((arrivals_ms[at], text))
            self._account.reasons[reason] += 1
            self._malformed_due -= 1
        return spoilt

    def _hold_back(self, arrivals_ms: list[int], lines: list[str], taken: set[int]) -> None:
        """Take some lines out of the slot, to arrive late."""
        self._late_due += len(lines) * self._mishaps.late
        late = set()
        while lines and self._late_due >= 1:
            late.add(self._rng.randrange(len(lines)))
            self._late_due -= 1
        for at in sorted(late - taken, reverse=True):
            self._push(self._held, arrivals_ms.pop(at) + self._delay(_LATE_FROM_MS), lines.pop(at))
            self._account.late += 1

    def _delay(self, least_ms: int) -> int:
        """Draw a delay of up to 48 hours, mostly a short one."""
        return least_ms + ((_LONGEST_MS - least_ms) * self._rng.getrandbits(16) ** 3 >> 48)

    def _push(self, heap: list[tuple[int, int, str]], arrival_ms: int, line: str) -> None:
        self._pushed += 1
        heapq.heappush(heap, (arrival_ms, self._pushed, line))


def _due(heap: list[tuple[int, int, str]], until_ms: int | None) -> list[tuple[int, str]]:
    """Take out of the heap what arrives before `until_ms` (None: everything), in order."""
    due = []
    while heap and (until_ms is None or heap[0][0] < until_ms):
        arrival, _, line = heapq.heappop(heap)
        due.append((arrival, line))
    return due
