"""A run of `usagelake ship`: sources in threads of their own, until they end or a signal comes."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from usagelake.shipping.drop_reason import REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from usagelake.shipping.shipper import Shipper
    from usagelake.shipping.snapshot import Snapshot
    from usagelake.shipping.source import LineSink

_LOOK_EVERY: Final = 0.1
_LAST_PUT: Final = 1.0
"""Seconds for a source to hand on what it has read, whatever the deadline is."""


class Source(Protocol):
    """What lines are taken from."""

    @property
    def name(self) -> str:
        """What is read, for messages."""

    def run(self, sink: LineSink, stop: threading.Event) -> None:
        """Hand on lines until there are no more, or until `stop` is set."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        snapshot: The final counts.
        signal: The signal that ended it; None when the sources ended.
        failures: What went wrong with sources, a sentence each.
    """

    snapshot: Snapshot
    signal: signal.Signals | None
    failures: tuple[str, ...]

    @property
    def lost(self) -> int:
        """Events that were taken and are neither delivered nor on disk."""
        left = self.snapshot.buffered + self.snapshot.in_flight
        dropped = sum(count for reason, count in self.snapshot.dropped.items() if reason not in REFUSED)
        return self.snapshot.failed + dropped + left

    @property
    def refused(self) -> int:
        """Lines that could not be delivered for what they are."""
        return sum(count for reason, count in self.snapshot.dropped.items() if reason in REFUSED)


@dataclass(slots=True)
class _Signals:
    """Remembers the first signal; what a handler may do is no more than that."""

    caught: signal.Signals | None = None


@dataclass(slots=True)
class _Reader:
    """A source at work."""

    source: Source
    sink: LineSink
    stop: threading.Event
    failure: str | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name=f"usagelake-{self.source.name}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.source.run(self.sink, self.stop)
        except OSError as error:
            self.failure = f"{self.source.name}: cannot be read any more ({error.strerror or error})"
        except BaseException as error:
            self.failure = f"{self.source.name}: failed ({type(error).__name__})"
            raise


def ship(shipper: Shipper, sources: Sequence[Source]) -> Outcome:
    """Hand the lines of sources to a shipper until all have ended or a signal comes, and end well.

    Args:
        shipper: It is closed.
        sources: Each is read in a thread of its own.
    """
    stop = threading.Event()
    with _signals() as signals:
        shipper.recover()
        readers = [_Reader(source, shipper, stop) for source in sources]
        while signals.caught is None and (alive := [reader for reader in readers if reader.thread.is_alive()]):
            alive[0].thread.join(_LOOK_EVERY)
        if signals.caught is None:
            _wait_for_delivery(shipper, signals)
        deadline = time.monotonic() + shipper.config.shutdown_deadline
        stop.set()
        _join(readers, max(_LAST_PUT, shipper.config.shutdown_deadline / 2))
        shipper.close(max(0.0, deadline - time.monotonic()) if signals.caught is not None else 0.0)
        _join(readers, _LAST_PUT)
    failures = [reader.failure for reader in readers if reader.failure is not None]
    failures += [
        f"{reader.source.name}: the last lines that were read could not be handed on"
        for reader in readers
        if reader.thread.is_alive()
    ]
    return Outcome(shipper.snapshot(), signals.caught, tuple(failures))


def _wait_for_delivery(shipper: Shipper, signals: _Signals) -> None:
    """Wait until nothing waits any more, or a signal comes; with a spool only as long as something is delivered."""
    shipper.flush(0.0)
    config = shipper.config
    delivered, since = -1, time.monotonic()
    while signals.caught is None and (snapshot := shipper.snapshot()).waiting:
        if snapshot.delivered > delivered:
            delivered, since = snapshot.delivered, time.monotonic()
        elif config.spool is not None and time.monotonic() - since > config.shutdown_deadline:
            return
        time.sleep(_LOOK_EVERY)


def _join(readers: Sequence[_Reader], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    for reader in readers:
        reader.thread.join(max(0.0, deadline - time.monotonic()))


@contextmanager
def _signals() -> Iterator[_Signals]:
    """Take SIGTERM and SIGINT: the first is remembered, the second ends the process as if nobody had taken it."""
    signals = _Signals()
    taken = (signal.SIGTERM, signal.SIGINT)

    def remember(number: int, _frame: object) -> None:
        signals.caught = signal.Signals(number)
        for one in taken:
            signal.signal(one, signal.SIG_DFL)

    before = {one: signal.signal(one, remember) for one in taken}
    try:
        yield signals
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
