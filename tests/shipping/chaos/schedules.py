"""Seeded schedules: a shipper over a store that fails, in processes that are killed and started again.

Usage: python -m tests.shipping.chaos.schedules FIRST COUNT

Each seed is a life: a configuration, a few processes one after the other (a child of this one each), some of which are
killed from outside at a random moment, at a certain change of a file, or at a certain put, some of which see their
disk fail; and a last one, with a store that works, that drains what is left. Then everything that was ever stored is
held against everything whose `offer` had returned. A seed that goes wrong is printed, one line of JSON each.
"""

from __future__ import annotations

import gc
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.shipping.chaos.faulty_store import stored_in
from tests.shipping.chaos.judge import judge
from tests.shipping.chaos.lives import drawn_config, drawn_lives
from tests.shipping.chaos.one_life import REFUSED_MARK, SPARE_SECONDS, OneLife
from usagelake.shipping import lanes
from usagelake.shipping.drop_reason import REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.shipping.chaos.lives import Life
    from usagelake.shipping.config import ShippingConfig

LEFTOVERS = {".batch", ".journal", ".tmp", ".damaged"}


def run_schedule(seed: int) -> list[str]:
    """Run one schedule; return what went wrong."""
    dice = random.Random(seed)
    folder = Path(tempfile.mkdtemp(prefix=f"schedule-{seed}-"))
    (folder / "store").mkdir()
    strength, config = drawn_config(dice, folder)
    lives = drawn_lives(dice)
    wrong: list[str] = []
    running: list[tuple[Life, int]] = []
    for life in lives:
        running.append((life, _started(seed, life, config, folder)))
        if life.beside:
            continue
        for ended, status in _ended(running):
            if status != 0 and not (ended.mortal and status == -signal.SIGKILL):
                error = folder / f"error-{ended.number}"
                wrong.append(f"life {ended.number} ended with {status}: {error.read_text() if error.exists() else ''}")
        running.clear()
    wrong += judge(stored_in(folder / "store"), max_events=config.max_events, prefix=config.prefix).wrong
    for life in lives:
        wrong += [f"life {life.number}, {fault}" for fault in _faults_of(life, strength, config, folder)]
    if wrong:
        return [*wrong, f"{strength}; {config}; {lives}; see {folder}"]
    shutil.rmtree(folder)
    return []


def _started(seed: int, life: Life, config: ShippingConfig, folder: Path) -> int:
    """Start one process of a schedule; return its id."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            OneLife(seed, life, config, folder).live()
            code = 0
        except BaseException:  # noqa: BLE001 - it is told, and the process ends
            (folder / f"error-{life.number}").write_text(traceback.format_exc(), encoding="utf-8")
        finally:
            os._exit(code)
    return child


def _ended(running: list[tuple[Life, int]]) -> Iterator[tuple[Life, int]]:
    """Wait for processes that run beside each other, and kill those that are to be killed.

    Yields:
        Each with its exit code, or a signal's number below zero.
    """
    begun = time.monotonic()
    left = list(running)
    while left:
        age = time.monotonic() - begun
        for life, child in list(left):
            found, status = os.waitpid(child, os.WNOHANG)
            if found:
                left.remove((life, child))
                yield life, os.waitstatus_to_exitcode(status)
            elif age > 2 * SPARE_SECONDS:
                os.kill(child, signal.SIGABRT)
            elif life.kill_after is not None and age >= life.kill_after:
                os.kill(child, signal.SIGKILL)
        time.sleep(0.002)


def _faults_of(life: Life, strength: str, config: ShippingConfig, folder: Path) -> Iterator[str]:
    """Hold what one process offered and told against what is stored."""
    offered_file = folder / f"offered-{life.number}"
    lines = offered_file.read_text().split() if offered_file.exists() else []
    offered = [name for name in lines if name != REFUSED_MARK.decode()]
    lost = judge(stored_in(folder / "store")).lost(offered)
    bounded = config.buffer_events <= life.threads * life.events
    promised = not life.disk_trouble and not bounded
    if strength == "every-event" and promised and lost:
        yield f"lost {len(lost)} events, such as {lost[0]}"
    told_file = folder / f"told-{life.number}"
    if told_file.exists() and (text := told_file.read_text()):
        told = json.loads(text)
        yield from _faults_told(told, len(offered), len(lines) - len(offered), len(lost), bounded=bounded)
        if promised and strength != "memory" and _counted(told):
            yield f"counts losses that there are not: {told}"
        left = [path.name for path in (folder / "spool").rglob("*") if path.suffix in LEFTOVERS]
        if life.drains and strength != "memory" and (left or told["spooled"]):
            yield f"left {left[:5]} in the spool: {told}"


def _faults_told(told: Mapping[str, Any], offered: int, refused: int, lost: int, *, bounded: bool) -> Iterator[str]:
    """Hold what a process told of itself against what it did."""
    if told["unbalanced"] or not told["balanced"]:
        yield f"was not balanced: {told}"
    if told["buffered"] or told["in_flight"]:
        yield f"holds events after its end: {told}"
    if told["offered"] != offered + refused:
        yield f"counted {told['offered']} of {offered + refused}"
    if not told["recovered"] and not bounded and _refused(told) != refused:
        yield f"refused {_refused(told)} of {refused}: {told}"
    if lost > _counted(told):
        yield f"lost {lost} events and counted {_counted(told)}: {told}"


def _refused(told: Mapping[str, Any]) -> int:
    """Count the lines that could not be delivered for what they are."""
    return sum(count for reason, count in told["dropped"].items() if reason in REFUSED)


def _counted(told: Mapping[str, Any]) -> int:
    """Count the events that were lost, as a process told."""
    return int(told["failed"] + sum(told["dropped"].values()) - _refused(told))


def main() -> None:
    """Run the schedules of the seeds that are asked for."""
    first, count = int(sys.argv[1]), int(sys.argv[2])
    lanes.TRANSIENT = lanes.REFUSED = lanes.CLOSING = lanes.Backoff(first=0.0005, longest=0.005)
    gc.freeze()
    for seed in range(first, first + count):
        wrong = run_schedule(seed)
        if wrong:
            print(json.dumps({"seed": seed, "wrong": wrong}), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
