"""What the spool costs: a sealed batch's file, an event's append, a journal's fsync. Prints JSON, medians.

Usage: python -m bench.shipping.spool_cost --folder DIR [--batches N]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.shipping.events import event_line
from usagelake.shipping.config import SpoolStrength
from usagelake.shipping.partition import Partition, Rules
from usagelake.shipping.spool import Spool
from usagelake.shipping.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

    from usagelake.shipping.batch import Batch

EVENTS = 50
RULES = Rules("data-api", EVENTS, 2_000_000)


def median_ms(work: Callable[[], object], times: int) -> float:
    """Do something so many times; return the median in milliseconds."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1000)
    return statistics.median(taken)


def sealed_batches(count: int) -> list[Batch]:
    """Seal so many batches of 50 events."""
    partition = Partition(Surroundings().new_id(), RULES)
    batches: list[Batch] = []
    for number in range(count * EVENTS):
        batches += partition.feed(event_line(1, number).encode(), 0)[1]
    return batches


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.shipping.spool_cost")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--batches", type=int, default=500)
    chosen = parser.parse_args()
    count = chosen.batches
    batches = sealed_batches(count)
    spool = Spool(chosen.folder / "spool", SpoolStrength.EVERY_EVENT, 1 << 30, "bench")
    written, removed = iter(batches), iter(batches)
    write = median_ms(lambda: spool.write([next(written)]), count)
    remove = median_ms(lambda: spool.remove(next(removed)), count)
    journal = spool.open_journal(Surroundings().new_id(), RULES, 1 << 28)
    line = event_line(1, 1).encode() + b"\n"

    def append_batch() -> None:
        for _ in range(EVENTS):
            journal.append(line)

    def append_and_sync() -> None:
        append_batch()
        journal.sync()

    appended = median_ms(append_batch, count)
    synced = median_ms(append_and_sync, count)
    spool.close()
    result = {"write": write, "remove": remove, "append": appended, "append_and_sync": synced}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
