"""What one handler costs its caller: times every `logger.info` of bursts, prints JSON.

Usage: python -m bench.shipping.emit --handler NAME --endpoint URL --folder DIR [--threads N] [--events N]

Between the bursts the handler is given time to deliver what it took, so that none measures a full buffer.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.shipping.events import event_line
from bench.shipping.handlers import ALL, logger_with

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence

BURST = 2_000
REST_S = 0.25


def burst(logger: logging.Logger, lines: Sequence[str], taken: list[int]) -> None:
    """Log lines as fast as they go; keep what each took, in nanoseconds."""
    clock = time.perf_counter_ns
    info = logger.info
    for line in lines:
        begun = clock()
        info(line)
        taken.append(clock() - begun)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.shipping.emit")
    parser.add_argument("--handler", choices=ALL, required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--events", type=int, default=20_000, help="in all (default 20,000)")
    chosen = parser.parse_args()
    logger = logger_with(ALL[chosen.handler], chosen.endpoint, chosen.folder)
    each = BURST // chosen.threads
    lines = [[event_line(thread, number) for number in range(each)] for thread in range(chosen.threads)]
    taken: list[list[int]] = [[] for _ in lines]
    for number in range(1 + chosen.events // BURST):
        gc.collect()
        threads = [
            threading.Thread(target=burst, args=(logger, lines[place], taken[place])) for place in range(chosen.threads)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if number == 0:  # the first burst opens what is opened once
            for some in taken:
                some.clear()
            time.sleep(1.0)
        time.sleep(REST_S)
    flat = sorted(spent for some in taken for spent in some)
    result = {"p50": flat[len(flat) // 2], "mean": statistics.fmean(flat), "p99": flat[len(flat) * 99 // 100]}
    sys.stdout.write(json.dumps({name: spent / 1000 for name, spent in result.items()}) + "\n")


if __name__ == "__main__":
    main()
