"""A shipper: events in, objects on the store, with what it takes in between."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from usagelake.shipping import lifetime
from usagelake.shipping.depot import Depot
from usagelake.shipping.intake import Intake
from usagelake.shipping.ledger import State
from usagelake.shipping.partition import Rules
from usagelake.shipping.report import Report
from usagelake.shipping.sealer import Sealer
from usagelake.shipping.segment import Segment
from usagelake.shipping.surroundings import Surroundings
from usagelake.shipping.tending import Tending
from usagelake.shipping.uploader import Uploader
from usagelake.shipping.workers import Workers
from usagelake.storage.locations import open_location

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from usagelake.shipping.config import ShippingConfig
    from usagelake.shipping.drop_reason import DropReason
    from usagelake.shipping.snapshot import Snapshot
    from usagelake.shipping.source import Position
    from usagelake.storage import Storage

_LAST_WORDS: Final = 1.0
"""Seconds for what is logged after the process's shippers were drained, by whatever ends after them."""

_ENOUGH_FAILURES: Final = 6
"""Failures in a row after which closing stops waiting for a store, when all that waits is on disk."""


class Shipper:
    """Delivers billing events from this process; safe to use from any thread, and in a forked child.

    Threads, client and spool are opened by the first event of a process, so that a process that is forked before it
    logs has nothing to share. A forked child starts empty.

    Args:
        config: Where to, in which layout, within which bounds.
        open_store: Opens the store, once per process.
        sinks: Called with a snapshot every `config.metrics_interval` seconds, and when closing; from a thread of
            the shipper's.
        surroundings: Time and chance.
    """

    def __init__(
        self,
        config: ShippingConfig,
        open_store: Callable[[], Storage],
        *,
        sinks: Sequence[Callable[[Snapshot], None]] = (),
        surroundings: Surroundings | None = None,
    ) -> None:
        self.config = config
        self._open_store = open_store
        self._sinks = tuple(sinks)
        self._surroundings = surroundings or Surroundings()
        self._rules = Rules(config.prefix, config.max_events, config.max_bytes)
        self._build()
        lifetime.watch(self)

    def _build(self) -> None:
        """Start empty, with locks of its own: in the beginning, and in a forked child."""
        config = self.config
        self._report = Report(self._surroundings.monotonic)
        self._intake = Intake(
            max_events=config.buffer_events,
            max_bytes=config.buffer_bytes,
            wake_at=config.max_events,
            volatile_segment=lambda: Segment(self._surroundings.new_id(), self._rules),
        )
        self._depot = Depot(self._intake, self._surroundings.random)
        self._sealer = Sealer(config, self._rules, self._depot, self._surroundings, self._report)
        self._tending = Tending(config, self._depot, self._sealer, self._surroundings, self._report, self._sinks)
        self._uploader = Uploader(self._depot, self._open_store, self._surroundings, self._report)
        self._workers = Workers(
            config.uploads, self._depot, self._sealer, self._uploader, self._surroundings,
            tend=self._tending.tend, tend_every=config.metrics_interval, asleep=self._fall_asleep,
        )  # fmt: skip
        self._starting = threading.RLock()
        self._is_starting = False
        self._started = False
        self._closed = False
        self._drained_by: float | None = None
        self.offer: Callable[[bytes, float], None] = self._first_offer

    def _first_offer(self, line: bytes, created: float) -> None:
        """Take the first event of a process, or the first after a rest."""
        self._start()
        self._intake.offer(line, created)

    def _fall_asleep(self) -> None:
        """Let the next event start the threads again."""
        self.offer = self._first_offer

    def recover(self) -> None:
        """Take over now what processes that ended have left in the spool; a thread does so anyway, a little later."""
        self._start()
        self._tending.recover()

    def put(self, lines: Sequence[bytes], position: Position | None = None) -> None:
        """Take lines from a source that can wait (see `LineSink`)."""
        self._start()
        self._intake.put(lines, position, self._surroundings.clock())

    def position(self, source: str) -> int | None:
        """Tell up to which offset a source's lines are safe from an earlier run."""
        if not self._tending.recovered:
            self.recover()
        return None if self._depot.spool is None else self._depot.spool.positions.read(source)

    def turn_away(self, line: bytes, reason: DropReason) -> None:
        """Count an event that never became a line."""
        self._intake.turn_away(line, reason)

    def snapshot(self) -> Snapshot:
        """Tell what has become of every event so far."""
        return self._depot.snapshot(self._surroundings.clock())

    def flush(self, timeout: float) -> bool:
        """Seal everything and wait until it is delivered.

        Args:
            timeout: Seconds to wait at most.

        Returns:
            Whether nothing waits any more.
        """
        deadline = self._surroundings.monotonic() + timeout
        self._sealer.seal(everything=True)
        with self._depot.lock:
            self._depot.lanes.hurry(self._surroundings.monotonic())
            self._depot.ready.notify_all()
        while (left := deadline - self._surroundings.monotonic()) > 0:
            if not self._workers.alive():
                self._deliver_here()
            with self._depot.lock:
                if self._is_done():
                    break
                self._depot.settled.wait(min(left, 0.05))
        return self.snapshot().waiting == 0

    def patience(self) -> float:
        """Tell how many seconds whoever flushes may wait: once the process ends, its deadline is shared."""
        if self._drained_by is None:
            return self.config.shutdown_deadline
        return max(_LAST_WORDS, self._drained_by - self._surroundings.monotonic())

    def drain(self, timeout: float) -> Snapshot:
        """End well: deliver what can be within a deadline, keep or count the rest, and say what is lost.

        Args:
            timeout: Seconds it may take; no backoff outlasts it.

        Returns:
            What has become of every event.
        """
        self._drain(timeout)
        self._give_up()
        snapshot = self.snapshot()
        self._tending.tell(snapshot)
        return snapshot

    def retire(self) -> None:
        """Deliver what is here, and then rest, without making anybody wait."""
        self._workers.retire()

    def close(self, timeout: float | None = None) -> Snapshot:
        """Drain, and let go of threads and spool; further events are counted as dropped.

        Args:
            timeout: Seconds it may take; None takes the configuration's.
        """
        self._drain(self.config.shutdown_deadline if timeout is None else timeout)
        self._tending.end()
        with self._starting:
            self._closed = True
            self._intake.close()
            self.offer = self._intake.offer
            self._workers.stop()
            self._sealer.seal(everything=True)
            self._give_up()
            if self._depot.spool is not None:
                self._sealer.end()
                self._depot.spool.close()
        snapshot = self.snapshot()
        self._tending.tell(snapshot)
        return snapshot

    def start_empty(self) -> None:
        """Forget everything: this is a forked child, and what is here is its parent's."""
        spool = self._depot.spool
        self._build()
        if spool is not None:
            spool.close(forked=True)

    def _drain(self, timeout: float) -> None:
        if self._started:
            self._uploader.closing = True
            self._drained_by = self._surroundings.monotonic() + timeout
            self.flush(timeout)
            self._sealer.seal(everything=True)

    def _give_up(self) -> None:
        """Account for what could not be delivered in time, and say what is lost."""
        failed, dropped = self._depot.give_up()
        if failed or dropped:
            lost = failed + dropped
            self._report.alarm("lost", "%d events are lost: the process ends, and they could not be delivered", lost)

    def _start(self) -> None:
        with self._starting:
            # A signal handler that logs may come here while its thread is below; its event is taken all the same.
            if self._closed or self._is_starting:
                return
            self._is_starting = True
            try:
                if not self._started:
                    self._started = True
                    self._tending.open_spool()
                    lifetime.started(self)
                self._workers.start()
                self.offer = self._intake.offer
            finally:
                self._is_starting = False

    def _is_done(self) -> bool:
        """Whether waiting longer changes nothing; the lock is held."""
        if not self._depot.in_flight and not len(self._depot.lanes):
            return True
        on_disk = all(batch.at_rest is State.SPOOLED for batch in self._depot.lanes)
        return (
            self._uploader.closing
            and self._depot.spool is not None
            and not self._depot.in_flight
            and on_disk
            and self._depot.lanes.failures() >= _ENOUGH_FAILURES
        )

    def _deliver_here(self) -> None:
        """Deliver in the calling thread what is due: there are no threads any more, the interpreter ends."""
        with self._depot.lock:
            batch = self._depot.next(self._surroundings.monotonic())
        if batch is not None:
            self._uploader.attempt(batch)


def open_shipper(config: ShippingConfig, *, sinks: Sequence[Callable[[Snapshot], None]] = ()) -> Shipper:
    """Make a shipper to the place that its configuration names; the first upload is the first to speak to it."""

    def open_store() -> Storage:
        return open_location(
            config.to,
            endpoint_url=config.endpoint_url,
            client=config.client,
            credentials=config.credentials,
            role_arn=config.role_arn,
            audience=config.audience,
            uploads=config.uploads,
            create=True,
        )

    if not config.to.startswith("s3://"):
        return Shipper(config, open_store, sinks=sinks)
    # Now, because this imports the SDK: a process that is forked amid an import can never finish it, and one that ends
    # cannot begin it. Each process still makes a client of its own, at its first upload.
    store = open_store()
    return Shipper(config, lambda: store, sinks=sinks)
