"""What one process's shipper holds between the caller and the store, and every move of it from state to state."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from usagelake.shipping.drop_reason import DropReason
from usagelake.shipping.lanes import Lanes
from usagelake.shipping.ledger import State
from usagelake.shipping.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from random import Random

    from usagelake.shipping.batch import Batch
    from usagelake.shipping.intake import Intake
    from usagelake.shipping.lanes import Backoff
    from usagelake.shipping.segment import Segment
    from usagelake.shipping.spool import Spool


class Depot:
    """The batches of a shipper: waiting, in flight, done with.

    Args:
        intake: The caller's side; its lock guards everything here.
        random: Where jitter is drawn from.
    """

    def __init__(self, intake: Intake, random: Random) -> None:
        self.intake = intake
        self.lock = intake.lock
        self.ready = threading.Condition(self.lock)
        self.settled = threading.Condition(self.lock)
        self.lanes = Lanes(random)
        self.ledger = intake.ledger
        self.spool: Spool | None = None
        self.in_flight: set[Batch] = set()
        self.segments: deque[Segment] = deque()
        self._finishing = threading.Lock()

    def queue(self, batches: Iterable[Batch]) -> None:
        """Let batches wait for their upload, and wake the uploaders at once."""
        with self.lock:
            for batch in batches:
                self.lanes.add(batch)
                self.ready.notify()

    def names(self) -> set[str]:
        """Name every batch that waits or is in flight."""
        with self.lock:
            return {batch.name for batch in (*self.in_flight, *self.lanes)}

    def next(self, now: float) -> Batch | None:
        """Take the batch that is due; whoever calls it holds the lock."""
        batch = self.lanes.next(now)
        if batch is not None:
            self._move(batch, State.IN_FLIGHT)
            batch.attempts += 1
            self.in_flight.add(batch)
        return batch

    def delivered(self, batch: Batch, *, now: float, at: float) -> None:
        """Settle a batch that the store has.

        Args:
            batch: Also one that was given up meanwhile, because its attempt outlived a deadline.
            now: Monotonic seconds.
            at: Seconds since the epoch.

        Raises:
            OSError: The spool cannot forget it.
        """
        with self.lock:
            self._move(batch, State.DELIVERED)
            self.lanes.succeeded(batch, now)
            self.ledger.batches += 1
            self.ledger.bytes += batch.size
            self.ledger.last_delivery = at
            self._leave_memory(batch)
            self._safe(batch)
            self.ready.notify()
        try:
            if self.spool is not None:
                self.spool.remove(batch)
            self.finish_segments()
        finally:
            # Only now is it done with: whoever waits for the end of the process waits for the spool to forget it.
            with self.lock:
                self.in_flight.discard(batch)
                self.settled.notify_all()

    def retry(self, batch: Batch, backoff: Backoff, now: float, *, behind: bool = False) -> None:
        """Let a batch wait for its next attempt, unless it was given up meanwhile."""
        with self.lock:
            if batch.state is not State.IN_FLIGHT:
                return
            self.in_flight.discard(batch)
            self._move(batch, batch.at_rest)
            self.lanes.failed(batch, backoff, now, behind=behind)
            self.ledger.retries += 1
            self.ready.notify()
            self.settled.notify_all()

    def lost(self, batch: Batch, reason: DropReason) -> None:
        """Drop a batch that can no longer be delivered."""
        with self.lock:
            self.ledger.drop(batch.events, batch.state, reason)
            self.in_flight.discard(batch)
            self._leave_memory(batch)
            self._safe(batch)
            self.settled.notify_all()
        self.finish_segments()

    def spill(self, batches: Sequence[Batch], *, keep_in_memory: bool) -> None:
        """Keep resting batches in files of the spool, and let their bodies leave memory unless there is room.

        Raises:
            OSError: They cannot be kept; nothing has changed.
        """
        assert self.spool is not None
        self.spool.write(batches)
        with self.lock:
            for batch in batches:
                if batch.state is State.BUFFERED:
                    self._move(batch, State.SPOOLED)
                self._safe(batch)
                if not keep_in_memory:
                    batch.sealed = None
                    self._leave_memory(batch)

    def give_up(self) -> tuple[int, int]:
        """Account for what is left when a deadline has passed: on disk it stays, in memory alone it is lost.

        Returns:
            The events lost after an attempt, and without one.
        """
        with self.lock:
            failed = dropped = 0
            for batch in [*self.in_flight, *self.lanes.withdraw(lambda batch: batch.at_rest is State.BUFFERED)]:
                if batch.state is State.DELIVERED:
                    continue
                if batch.at_rest is State.SPOOLED:
                    self._move(batch, State.SPOOLED)
                elif batch.attempts:
                    self._move(batch, State.FAILED)
                    failed += batch.events
                else:
                    self.ledger.drop(batch.events, batch.state, DropReason.SHUTDOWN)
                    dropped += batch.events
                self._leave_memory(batch)
            self.in_flight.clear()
        return failed, dropped

    def finish_segments(self) -> None:
        """Let go of the segments at the front whose lines are all safe: first their positions, then their journals.

        Raises:
            OSError: A position cannot be kept; the segment stays until it can.
        """
        with self._finishing:
            while True:
                with self.lock:
                    if not self.segments or not self.segments[0].finished:
                        return
                    segment = self.segments[0]
                if self.spool is not None:
                    self.spool.positions.write(segment.positions)
                    if segment.journal is not None:
                        self.spool.end_journal(segment.id)
                self.segments.popleft()

    def snapshot(self, at: float) -> Snapshot:
        """Tell all counts, as they are at one moment.

        Args:
            at: That moment, in seconds since the epoch.
        """
        with self.lock:
            buffered, spooled = self.intake.fresh()
            ledger = self.ledger
            waiting = [batch.oldest for batch in (*self.in_flight, *self.lanes.heads())]
            waiting += [segment.first for segment in self.intake.segments if segment.first is not None]
            return Snapshot(
                offered=ledger.offered + buffered + spooled,
                recovered=ledger.recovered,
                delivered=ledger.events[State.DELIVERED],
                failed=ledger.events[State.FAILED],
                dropped={reason.value: count for reason, count in sorted(ledger.dropped.items())},
                buffered=ledger.events[State.BUFFERED] + buffered,
                in_flight=ledger.events[State.IN_FLIGHT],
                spooled=ledger.events[State.SPOOLED] + spooled,
                batches=ledger.batches,
                bytes=ledger.bytes,
                retries=ledger.retries,
                spool_bytes=0 if self.spool is None else self.spool.used,
                oldest_age=max(0.0, at - min(waiting)) if waiting else 0.0,
                last_delivery=ledger.last_delivery,
            )

    def _move(self, batch: Batch, state: State) -> None:
        self.ledger.move(batch.events, batch.state, state)
        batch.state = state

    def _leave_memory(self, batch: Batch) -> None:
        if batch.counted:
            batch.counted = False
            self.intake.release(batch.events, batch.size)

    def _safe(self, batch: Batch) -> None:
        """Take note that a batch does not need its segment's journal any more."""
        if batch.segment is not None:
            batch.segment.outstanding -= 1
            batch.segment = None
