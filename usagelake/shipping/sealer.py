"""Cutting batches from what callers have left, and keeping them in the spool before they are uploaded."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from usagelake.shipping.segment import Segment

if TYPE_CHECKING:
    from usagelake.shipping.batch import Batch
    from usagelake.shipping.config import ShippingConfig
    from usagelake.shipping.depot import Depot
    from usagelake.shipping.drop_reason import DropReason
    from usagelake.shipping.partition import Rules
    from usagelake.shipping.report import Report
    from usagelake.shipping.surroundings import Surroundings

_JOURNAL_BYTES: Final = 16 * 1024 * 1024
"""What a segment's journal holds before the next one begins."""

TOGETHER: Final = 32
"""Batches that are brought to the disk at a time, and may be uploaded then."""

_BETWEEN_SYNCS: Final = 0.05
"""Seconds between two fsyncs of journals: what is sealed meanwhile shares the next."""

_RESIDENT_SHARE: Final = 4
"""Of the buffer, the part (one in so many) that bodies may take which the spool holds too."""


class Sealer:
    """Seals; one turn at a time, whichever thread takes it.

    Args:
        config: When a batch is full or old.
        rules: How lines become objects.
        depot: Where lines come from and batches go to.
        surroundings: Time and names.
        report: Where faults of the disk are said.
    """

    def __init__(
        self, config: ShippingConfig, rules: Rules, depot: Depot, surroundings: Surroundings, report: Report
    ) -> None:
        self._config = config
        self._rules = rules
        self._depot = depot
        self._intake = depot.intake
        self._surroundings = surroundings
        self._report = report
        self._turn = threading.Lock()
        self._synced = -_BETWEEN_SYNCS

    def _new_segment(self) -> Segment:
        """Begin a segment: with a journal if the spool keeps every event and works, else in memory alone."""
        segment_id = self._surroundings.new_id()
        spool = self._depot.spool
        if spool is None or not spool.every_event:
            return Segment(segment_id, self._rules)
        try:
            journal = spool.open_journal(segment_id, self._rules, _JOURNAL_BYTES)
        except OSError as fault:
            self._report.alarm("journal", "events are kept in memory alone, the spool takes none: %s", fault)
            return Segment(segment_id, self._rules)
        return Segment(segment_id, self._rules, journal)

    def begin(self) -> None:
        """Go on in a new segment: the spool is there now."""
        fresh = self._new_segment()
        with self._intake.lock:
            self._intake.segments.append(fresh)

    def end(self) -> None:
        """Remove the journal of a segment in which nothing is."""
        segment = self._intake.segments[-1]
        if segment.first is None and segment.journal is not None and self._depot.spool is not None:
            segment.journal = None
            self._depot.spool.end_journal(segment.id)

    def due(self, now: float) -> float | None:
        """Tell in how many seconds the current segment is old enough to be sealed; None while it is empty.

        Whoever calls it holds the lock.
        """
        segment = self._intake.segments[-1]
        if segment.first is None:
            return None
        if segment.since is None:
            segment.since = now
        return max(0.0, segment.since + self._config.max_age - now)

    def seal(self, *, everything: bool = False) -> None:
        """Take what is fresh, and queue the batches that it fills.

        Args:
            everything: Seal also what has not filled a batch, whatever its age.
        """
        with self._turn:
            if not everything:
                self._let_journals_rest()
            if self._is_to_be_cut(everything=everything):
                self.begin()
            retired = True
            while retired:
                with self._intake.lock:
                    segment = self._intake.segments[0]
                    lines = self._intake.take(segment)
                    retired = len(self._intake.segments) > 1
                    if retired:
                        self._depot.segments.append(self._intake.segments.popleft())
                self._cut(segment, lines, finish=retired)
            self._keep_refused()
        try:
            self._depot.finish_segments()
        except OSError as fault:
            self._report.alarm("positions", "how far sources were taken cannot be kept: %s", fault)

    def _let_journals_rest(self) -> None:
        """Keep fsyncs apart, for a caller's append waits while its journal is brought to the disk."""
        pause = self._synced + _BETWEEN_SYNCS - self._surroundings.monotonic()
        if pause > 0:
            self._surroundings.sleep(min(pause, _BETWEEN_SYNCS))

    def _is_to_be_cut(self, *, everything: bool) -> bool:
        with self._intake.lock:
            segment = self._intake.segments[-1]
            if segment.first is None:
                return False
            due = self.due(self._surroundings.monotonic())
            full = segment.journal is not None and segment.journal.size >= _JOURNAL_BYTES // 2
            return everything or due == 0.0 or full

    def _cut(self, segment: Segment, lines: list[bytes | int], *, finish: bool) -> None:
        """Put lines into batches, and batches into the queue."""
        sealed: list[Batch] = []
        refused: list[tuple[bytes, DropReason]] = []
        for line in lines:
            if isinstance(line, int):
                segment.taken_minute = line
                continue
            reason, full = segment.partition.feed(line, segment.taken_minute)
            sealed += full
            if reason is not None:
                refused.append((line, reason))
        if finish:
            sealed += segment.partition.finish()
        with self._intake.lock:
            for line, reason in refused:
                self._depot.ledger.drop(1, segment.state, reason)
                self._intake.release(1, len(line) + 1)
                self._intake.refused.append((line, reason))
            for batch in sealed:
                batch.segment = segment
                batch.state = segment.state
                batch.counted = True
                batch.oldest = max(batch.oldest, segment.first or 0.0)
            segment.outstanding += len(sealed)
            segment.closed = finish
        if sealed and segment.journal is not None:
            try:
                segment.journal.sync()
            except OSError as fault:
                self._report.alarm("journal", "what was spooled may not outlive this machine: %s", fault)
            self._synced = self._surroundings.monotonic()
        for start in range(0, len(sealed), TOGETHER):
            self._keep(sealed[start : start + TOGETHER])
            self._depot.queue(sealed[start : start + TOGETHER])

    def _keep(self, batches: list[Batch]) -> None:
        """Keep batches in files of their own where the spool's strength, or the lack of memory, asks for it."""
        spool = self._depot.spool
        if spool is None:
            return
        crowded = (
            self._intake.bytes > self._config.buffer_bytes // _RESIDENT_SHARE
            or self._intake.events > self._config.buffer_events // _RESIDENT_SHARE
        )
        roomy_ones = {batch for batch in batches if not crowded and self._depot.lanes.healthy(batch.prefix)}
        for roomy in (True, False):
            alike = [batch for batch in batches if (batch in roomy_ones) is roomy]
            if not alike or (roomy and spool.every_event):
                continue
            try:
                self._depot.spill(alike, keep_in_memory=roomy)
            except OSError as fault:
                self._report.alarm("spool", "batches are kept in memory alone, the spool takes none: %s", fault)

    def _keep_refused(self) -> None:
        """Bring lines that cannot be delivered to where somebody finds them."""
        while self._intake.refused:
            with suppress(IndexError):
                line, reason = self._intake.refused.popleft()
                self._report.warn(reason.value, "events cannot be delivered: %s (docs/delivery.md)", reason.value)
                if self._depot.spool is not None:
                    try:
                        self._depot.spool.refuse(line, reason, self._surroundings.clock())
                    except OSError as fault:
                        self._report.alarm("rejected.jsonl", "a line that cannot be delivered is not kept: %s", fault)
