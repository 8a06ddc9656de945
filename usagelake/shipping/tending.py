"""What a shipper does now and then: open the spool, take over what dead processes left, say what was dropped."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from usagelake.shipping import lifetime
from usagelake.shipping.drop_reason import DropReason
from usagelake.shipping.recovery import Recovery
from usagelake.shipping.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from usagelake.shipping.config import ShippingConfig
    from usagelake.shipping.depot import Depot
    from usagelake.shipping.report import Report
    from usagelake.shipping.sealer import Sealer
    from usagelake.shipping.snapshot import Snapshot
    from usagelake.shipping.surroundings import Surroundings


class Tending:
    """Tends one process's shipper; nothing here raises.

    Args:
        config: Which spool.
        depot: What is tended.
        sealer: Goes on in a journal when the spool is there.
        surroundings: Time and names.
        report: Where faults are said.
        sinks: Who hears how it goes.
    """

    def __init__(
        self,
        config: ShippingConfig,
        depot: Depot,
        sealer: Sealer,
        surroundings: Surroundings,
        report: Report,
        sinks: Sequence[Callable[[Snapshot], None]],
    ) -> None:
        self._config = config
        self._depot = depot
        self._sealer = sealer
        self._surroundings = surroundings
        self._report = report
        self._sinks = sinks
        self._recovering = threading.Lock()
        self._ended = False
        self.recovered = False

    def tend(self) -> None:
        """Open the spool if it could not be opened yet, search it, and tell the sinks."""
        self.open_spool()
        self.recover()
        snapshot = self._depot.snapshot(self._surroundings.clock())
        if full := snapshot.dropped.get(DropReason.BUFFER_FULL.value, 0):
            self._report.alarm("buffer_full", "%d events were dropped so far: the buffer was full", full)
        self.tell(snapshot)

    def open_spool(self) -> None:
        """Open the spool, if there is to be one and it is not open yet."""
        config = self._config
        if config.spool is None or self._depot.spool is not None:
            return
        try:
            name = lifetime.process_name(self._surroundings.entropy(8))
            self._depot.spool = Spool(config.spool, config.spool_strength, config.spool_bytes, name)
        except OSError as fault:
            self._report.alarm("spool", "the spool cannot be used, events are in memory alone: %s", fault)
        else:
            self._sealer.begin()

    def recover(self) -> None:
        """Take over what other processes have left."""
        with self._recovering:
            if self._depot.spool is None or self._ended:
                return
            try:
                Recovery(self._depot, self._depot.spool, self._surroundings, self._report).run()
                self.recovered = True
            except OSError as fault:
                self._report.alarm("recovery", "the spool cannot be searched: %s", fault)

    def tell(self, snapshot: Snapshot) -> None:
        """Hand a snapshot to every sink."""
        for sink in self._sinks:
            try:
                sink(snapshot)
            except Exception as error:  # noqa: BLE001  # somebody else's code must not end delivery
                self._report.alarm("sink", "a metrics sink failed: %s: %s", type(error).__name__, error)

    def end(self) -> None:
        """Take over nothing from now on."""
        with self._recovering:
            self._ended = True
