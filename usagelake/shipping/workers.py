"""A shipper's threads: one that seals and tends, and as many as uploads may be in flight.

They are plain daemon threads: executors and event loops cannot be used any more while the interpreter ends, and
`atexit` is when the last events are delivered.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from usagelake.shipping.depot import Depot
    from usagelake.shipping.sealer import Sealer
    from usagelake.shipping.surroundings import Surroundings
    from usagelake.shipping.uploader import Uploader

_LOOK_EVERY: Final = 0.1
"""Seconds after which lines are looked at that did not wake the sealer: a few may fill a batch, or be long."""

_REST_AFTER: Final = 5.0
"""Seconds without anything to do after which the threads of a retired shipper end."""


class Workers:
    """The threads of one process's shipper.

    Args:
        uploads: How many upload.
        depot: What they work on.
        sealer: Seals.
        uploader: Uploads.
        surroundings: Time.
        tend: Called now and then.
        tend_every: Every so many seconds.
        asleep: Called, with the lock held, when the threads of a retired shipper end.
    """

    def __init__(
        self,
        uploads: int,
        depot: Depot,
        sealer: Sealer,
        uploader: Uploader,
        surroundings: Surroundings,
        *,
        tend: Callable[[], None],
        tend_every: float,
        asleep: Callable[[], None],
    ) -> None:
        self._uploads = uploads
        self._depot = depot
        self._sealer = sealer
        self._uploader = uploader
        self._monotonic = surroundings.monotonic
        self._tend = tend
        self._tend_every = tend_every
        self._asleep = asleep
        self._retired = False
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads that do not run; where none can be started any more, flushing works without them."""
        with self._depot.lock:
            if self._stopping or self.alive():
                return
            work = [self._seal] + [self._upload] * self._uploads
            self._threads = [
                threading.Thread(target=target, name=f"usagelake-{target.__name__.strip('_')}-{number}", daemon=True)
                for number, target in enumerate(work)
            ]
            with suppress(RuntimeError):
                for thread in self._threads:
                    thread.start()

    def alive(self) -> bool:
        """Tell whether the threads run."""
        return bool(self._threads) and all(thread.is_alive() for thread in self._threads)

    def retire(self) -> None:
        """Seal at once from now on, and end when nothing has been there for a while."""
        with self._depot.lock:
            self._retired = True
            self._depot.intake.wake()

    def stop(self) -> None:
        """End the threads; one that is within an attempt ends after it."""
        with self._depot.lock:
            self._stopping = True
            self._depot.intake.work.notify_all()
            self._depot.ready.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread() and not self._depot.in_flight:
                thread.join(timeout=1.0)

    def _seal(self) -> None:
        """Seal when lines have come or are old, and tend at first and now and then."""
        intake = self._depot.intake
        self._tend()
        tended = last_work = self._monotonic()
        while True:
            with intake.lock:
                now = self._monotonic()
                due = self._sealer.due(now)
                idle = due is None and not self._depot.in_flight and not len(self._depot.lanes)
                last_work = last_work if idle else now
                if self._stopping:
                    return
                if self._retired and now - last_work > _REST_AFTER:
                    self._stopping_because_idle()
                    return
                if not intake.awake and due != 0.0:
                    intake.work.wait(self._patience(due, tended + self._tend_every - now))
            self._sealer.seal(everything=self._retired)
            if self._monotonic() - tended >= self._tend_every:
                tended = self._monotonic()
                self._tend()

    def _patience(self, due: float | None, until_tending: float) -> float:
        waits = [max(0.0, until_tending)]
        if due is not None:
            waits += [due, _LOOK_EVERY]
        if self._retired:
            waits.append(_REST_AFTER / 5)
        return min(waits)

    def _stopping_because_idle(self) -> None:
        self._threads = []
        self._asleep()
        self._depot.ready.notify_all()

    def _upload(self) -> None:
        """Upload what is due, until the threads are to end."""
        while True:
            with self._depot.lock:
                batch = None
                while batch is None:
                    if self._stopping or threading.current_thread() not in self._threads:
                        return
                    now = self._monotonic()
                    batch = self._depot.next(now)
                    if batch is None:
                        self._depot.ready.wait(self._depot.lanes.delay(now))
            self._uploader.attempt(batch)
            del batch
