"""A service that logs billing events and ends in some way: one cell of the loss table.

Usage: python -m bench.shipping.loss_victim --handler NAME --endpoint URL --folder DIR --seconds S --end HOW

Each event's id is written to DIR/emitted when `info` has returned.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.shipping.events import event_id, event_line
from bench.shipping.handlers import ALL, OURS, logger_with

if TYPE_CHECKING:
    import logging

PARENT, CHILD, AGAIN = 1, 2, 3


class Service:
    """Logs at a steady rate.

    Args:
        logger: Where to.
        emitted: The descriptor of the file of ids.
        rate: Events a second.
    """

    def __init__(self, logger: logging.Logger, emitted: int, rate: int) -> None:
        self._logger = logger
        self._emitted = emitted
        self._rate = rate

    def work(self, source: int, seconds: float) -> None:
        """Log for so long."""
        begun = time.monotonic()
        for number in range(int(seconds * self._rate)):
            ahead = begun + number / self._rate - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
            self._logger.info(event_line(source, number))
            os.write(self._emitted, event_id(source, number).encode() + b"\n")


def main() -> None:
    """Run one service to its end."""
    parser = argparse.ArgumentParser(prog="python -m bench.shipping.loss_victim")
    parser.add_argument("--handler", choices=ALL, required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=float, required=True, help="how long to log")
    parser.add_argument("--source", type=int, default=PARENT, help="whose events they are")
    parser.add_argument("--idle", type=float, default=0.0, help="how long to live on without logging")
    parser.add_argument("--end", choices=("exit", "sigterm", "sigterm-exits", "fork"), default="exit")
    chosen = parser.parse_args()
    contestant = ALL[chosen.handler]
    if chosen.end == "sigterm-exits":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logger = logger_with(contestant, chosen.endpoint, chosen.folder)
    if chosen.end == "sigterm" and contestant in OURS:
        from usagelake.shipping import exit_on_sigterm  # noqa: PLC0415 - the peers' environment has none

        exit_on_sigterm()
    emitted = os.open(chosen.folder / "emitted", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    service = Service(logger, emitted, chosen.rate)
    (chosen.folder / "ready").touch()
    if chosen.end == "fork":
        service.work(PARENT, chosen.seconds / 2)
        child = os.fork()
        if child == 0:
            service.work(CHILD, chosen.seconds / 2)
            sys.exit(0)
        os.waitpid(child, 0)
    else:
        service.work(chosen.source, chosen.seconds)
    time.sleep(chosen.idle)


if __name__ == "__main__":
    main()
