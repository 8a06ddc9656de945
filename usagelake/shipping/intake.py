"""Where callers leave lines: bounded, in their order, and out of their way."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from usagelake.shipping.drop_reason import REFUSED, DropReason
from usagelake.shipping.event_line import refused_at_the_door
from usagelake.shipping.ledger import Ledger, State
from usagelake.shipping.spool.journal import at_minute, with_position

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from usagelake.shipping.segment import Segment
    from usagelake.shipping.source import Position

_BLANK = b" \t\r"


class Intake:
    """The caller's side of a shipper.

    Its lock is the shipper's: reentrant, because a signal handler or a finalizer may log a billing event while its
    thread is inside. A line is taken by one `append`; everything that counts lines counts what was appended, so that
    an exception that a signal handler raises in between leaves no count wrong.

    Args:
        max_events: Events in memory at most.
        max_bytes: Their bytes at most.
        wake_at: After how many new lines the sealer is woken: a batch's worth.
        volatile_segment: Makes a segment that is in memory alone; one is made to begin with.
    """

    def __init__(
        self, *, max_events: int, max_bytes: int, wake_at: int, volatile_segment: Callable[[], Segment]
    ) -> None:
        self.lock = threading.RLock()
        self.work = threading.Condition(self.lock)
        self.space = threading.Condition(self.lock)
        self.ledger = Ledger()
        self.refused: deque[tuple[bytes, DropReason]] = deque(maxlen=1_000)
        self.segments: deque[Segment] = deque([volatile_segment()])
        self.events = 0
        self.bytes = 0
        self.awake = False
        self._closed = False
        self._max_events = max_events
        self._max_bytes = max_bytes
        # A source that can wait does so long before memory is crowded: it gains nothing by being ahead of the uploads.
        self._patience = max(max_events // 8, min(max_events, 20 * wake_at))
        self._byte_patience = max(max_bytes // 8, 1)
        self._wake_at = wake_at
        self._volatile_segment = volatile_segment

    def offer(self, line: bytes, created: float) -> None:
        """Take an event, or count why not; never waits for anything but the lock, never raises.

        Args:
            line: Without its line feed.
            created: When it was emitted, in seconds since the epoch.
        """
        size = len(line) + 1
        with self.lock:
            if self.events >= self._max_events or self.bytes + size > self._max_bytes:
                self.ledger.turn_away(DropReason.SHUTDOWN if self._closed else DropReason.BUFFER_FULL)
                return
            segment = self.segments[-1]
            if segment.journal is not None:
                if not self._passes(line):
                    return
                segment = self._journal(segment, line, created)
            elif not segment.minute_begins <= created < segment.minute_ends:
                segment.turn(created)
            self.events += 1
            self.bytes += size
            segment.fresh.append(line)
            if segment.first is None:
                segment.first = created
                self.wake()
            elif len(segment.fresh) >= self._wake_at and not self.awake:
                self.wake()

    def put(self, lines: Sequence[bytes], position: Position | None, created: float) -> None:
        """Take lines from a source that can wait: while the buffer is full, so does it.

        Args:
            lines: Each without its line feed; blank ones count for nothing.
            position: Where the source stands after them. What comes with a position when the shipper is closed is
                not taken, and not counted either: it can be read again.
            created: When they were read, in seconds since the epoch.
        """
        good = [line for line in lines if line.strip(_BLANK) and self._passes(line)]
        with self.lock:
            while good and not self._closed and (self.events >= self._patience or self.bytes >= self._byte_patience):
                self.work.notify()
                self.space.wait()
            if self._closed:
                for line in good if position is None else ():
                    self.turn_away(line, DropReason.SHUTDOWN)
                return
            segment = self.segments[-1]
            if not segment.minute_begins <= created < segment.minute_ends:
                segment = self._turn_minute(segment, created)
            if segment.journal is not None:
                written = b"".join(line + b"\n" for line in good)
                if position is not None:
                    written = with_position(written, position.source, position.offset)
                if not segment.journal.append(written):
                    segment = self._go_volatile(created)
            if position is not None:
                segment.positions[position.source] = position.offset
            self.events += len(good)
            self.bytes += sum(map(len, good)) + len(good)
            segment.fresh.extend(good)
            if good and segment.first is None:
                segment.first = created
            self.wake()

    def close(self) -> None:
        """Take nothing more: what is offered from now on is counted as dropped, and who waits with lines is let go."""
        with self.lock:
            self._closed = True
            self._max_events = 0
            self.space.notify_all()

    def wake(self) -> None:
        """Wake the sealer; whoever calls it holds the lock."""
        self.awake = True
        self.work.notify()

    def turn_away(self, line: bytes, reason: DropReason) -> None:
        """Count a line that cannot be taken, and leave it for `rejected.jsonl`."""
        with self.lock:
            self.ledger.turn_away(reason)
            if reason in REFUSED:
                self.refused.append((line, reason))

    def release(self, events: int, size: int) -> None:
        """Take note that events have left memory; whoever calls it holds the lock."""
        self.events -= events
        self.bytes -= size
        self.space.notify_all()

    def take(self, segment: Segment) -> list[bytes | int]:
        """Take a segment's fresh lines, and the minutes between them, and enter them in the ledger, at one moment."""
        fresh, segment.fresh = segment.fresh, []
        self.ledger.enter(len(fresh) - segment.markers, segment.state)
        segment.markers = 0
        self.awake = False
        return fresh

    def fresh(self) -> tuple[int, int]:
        """Count the lines that the sealer has not taken: in memory alone, and in a journal too."""
        counts = {State.BUFFERED: 0, State.SPOOLED: 0}
        for segment in self.segments:
            counts[segment.state] += len(segment.fresh) - segment.markers
        return counts[State.BUFFERED], counts[State.SPOOLED]

    def _passes(self, line: bytes) -> bool:
        reason = refused_at_the_door(line)
        if reason is not None:
            self.turn_away(line, reason)
        return reason is None

    def _journal(self, segment: Segment, line: bytes, created: float) -> Segment:
        """Append a line to the journal, and give the segment that it belongs to then."""
        if not segment.minute_begins <= created < segment.minute_ends:
            segment = self._turn_minute(segment, created)
        if segment.journal is not None and not segment.journal.append(line + b"\n"):
            segment = self._go_volatile(created)
        return segment

    def _turn_minute(self, segment: Segment, created: float) -> Segment:
        """Note the minute in which the lines that follow are offered; the clock may have gone back."""
        if segment.journal is not None and not segment.journal.append(at_minute(int(created // 60))):
            return self._go_volatile(created)
        segment.turn(created)
        return segment

    def _go_volatile(self, created: float) -> Segment:
        """Go on in memory alone, because the journal takes no more; the sealer tries a new one in time."""
        segment = self._volatile_segment()
        segment.turn(created)
        self.segments.append(segment)
        self.wake()
        return segment
