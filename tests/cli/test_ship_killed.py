"""`usagelake ship --spool-strength every-event`, killed at any moment: every followed line lands, under one key."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.cli.shipping import billing_lines, landed, shipping, wait_until

if TYPE_CHECKING:
    from pathlib import Path


def _write(folder: Path, lines: list[str], dice: random.Random) -> None:
    """Write as a service does, with pauses, lines that are flushed in parts, and rotations by renaming."""
    file = (folder / "log").open("a")
    rotations = 0
    for number, line in enumerate(lines):
        cut = dice.randrange(len(line))
        file.write(line[:cut])
        if dice.random() < 0.05:
            file.flush()
            time.sleep(0.002)
        file.write(line[cut:] + "\n")
        if dice.random() < 0.003:
            file.close()
            rotations += 1
            (folder / "log").rename(folder / f"log.{rotations:03}")
            file = (folder / "log").open("a")
        if number % 100 == 0:
            file.flush()
            time.sleep(0.02)
    file.close()


@pytest.mark.parametrize("seed", range(2))
def test_killed_while_it_follows(tmp_path: Path, seed: int) -> None:
    """Through rotation, five times in a row."""
    dice = random.Random(seed)
    logs, landing = tmp_path / "logs", tmp_path / "landing"
    logs.mkdir()
    lines = billing_lines(20_000)
    writer = threading.Thread(target=_write, args=(logs, lines, random.Random(seed)))
    writer.start()
    arguments = ("--to", landing, "--follow", logs / "log*", "--spool", tmp_path / "spool", "--max-age", "0.3")
    try:
        for _ in range(5):
            with shipping(*arguments, "--spool-strength", "every-event") as ship:
                if dice.random() < 0.7:
                    goal = landed(landing).total() + 1
                    wait_until(lambda goal=goal: landed(landing).total() >= goal or not writer.is_alive())
                time.sleep(dice.uniform(0, 0.7))
                ship.process.send_signal(signal.SIGKILL)
                ship.process.wait()
    finally:
        writer.join()
    with shipping(*arguments, "--spool-strength", "every-event") as ship:
        wait_until(lambda: landed(landing).keys() >= set(lines))
        code, _, said = ship.end()
    assert code == 0, said
    assert landed(landing) == Counter(lines)
