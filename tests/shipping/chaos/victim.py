"""A service that logs billing events to S3 until it ends in some way: run as a process of its own.

Usage: python -m tests.shipping.chaos.victim PLAN (JSON)

The plan: `folder`, `number`, `threads`, `rate` (events a second and thread), `seconds`, `options` (of the handler),
`drains` (wait until the spool is empty). Ids are written to `offered-NUMBER` when `info` has returned, each with the
moment; at an orderly end the last snapshot goes to `told-NUMBER`. SIGTERM ends the service by `sys.exit`.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import random
import signal
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.shipping.chaos.events import event_id, event_line

DRAIN_S = 60.0


class Victim:
    """One service.

    Args:
        plan: What it does.
    """

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._folder = Path(plan["folder"])
        self._offered = os.open(self._path("offered"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._unbalanced = 0
        self._over = threading.Event()
        # Registered before the package is imported, so that it runs after what the package has registered.
        atexit.register(self._tell)
        from usagelake.shipping import lanes  # noqa: PLC0415
        from usagelake.shipping.handler import BillingEventsHandler  # noqa: PLC0415

        lanes.TRANSIENT = lanes.REFUSED = lanes.Backoff(first=0.02, longest=0.3)
        self._handler = BillingEventsHandler(emission=True, delivery=True, **plan["options"])
        self._logger = logging.getLogger("billing.events")
        self._logger.propagate = False
        self._logger.addHandler(self._handler)

    def work(self) -> None:
        """Log from several threads, then be idle until the time is up."""
        threads = [threading.Thread(target=self._log, args=(number,)) for number in range(self._plan["threads"])]
        watcher = threading.Thread(target=self._watch, daemon=True)
        for thread in (watcher, *threads):
            thread.start()
        self._path("ready").touch()
        for thread in threads:
            thread.join()
        if self._plan["drains"]:
            self._drain()

    def stop(self) -> None:
        """Log no more."""
        self._over.set()

    def _log(self, thread: int) -> None:
        source = f"{self._plan['number']}.{thread}"
        dice = random.Random(source)
        until = time.monotonic() + self._plan["seconds"]
        number = 0
        while time.monotonic() < until and not self._over.is_set():
            name = event_id(source, number)
            self._logger.info(event_line(name).decode())
            os.write(self._offered, f"{name} {time.monotonic()}\n".encode())
            number += 1
            time.sleep(dice.random() * 2 / self._plan["rate"])

    def _drain(self) -> None:
        shipper = self._handler.shipper
        assert shipper is not None
        shipper.position("any")
        shipper.flush(DRAIN_S)

    def _watch(self) -> None:
        shipper = self._handler.shipper
        assert shipper is not None
        while not self._over.is_set():
            self._unbalanced += not shipper.snapshot().balanced
            time.sleep(0.002)

    def _tell(self) -> None:
        shipper = self._handler.shipper
        assert shipper is not None
        snapshot = shipper.snapshot()
        told = {**asdict(snapshot), "balanced": snapshot.balanced, "unbalanced": self._unbalanced}
        self._path("told").write_text(json.dumps(told), encoding="utf-8")

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}-{self._plan['number']}"


def main() -> None:
    """Run one service to its end."""
    victim = Victim(json.loads(sys.argv[1]))

    def end(*_: object) -> None:
        victim.stop()
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    victim.work()


if __name__ == "__main__":
    main()
