"""One process of a schedule."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from tests.shipping.chaos import mortal
from tests.shipping.chaos.events import event_id, event_line
from tests.shipping.chaos.faulty_store import FaultyStore
from usagelake.shipping.shipper import Shipper
from usagelake.shipping.surroundings import Surroundings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shipping.chaos.lives import Life
    from usagelake.shipping.config import ShippingConfig

SPARE_SECONDS = 20.0
REFUSED_MARK = b"!"
"""Stands for a line that cannot be delivered among the ids that were offered."""

BAD_LINES = (
    b"no json",
    b'{"id": "cut off, "eve',
    b"{}",
    b'{"id":"","event_type":"tokens"}',
    b'{"id":"x:1"}',
    b'{"id":"x:1","event_type":"../x"}',
    b'{"id":"x:1","event_type":"' + b"x" * 1024 + b'"}',
    b'{"id":"x:1","event_type":"apigw_access"}',
    b'{"id":"x:1",\n"event_type":"tokens"}',
    b'{"id":"x:1","event_type":"tokens\xff"}',
    b'{"id":"x:1","event_type":"\x00"}',
    b'{"id":"x:1","event_type":"tokens","x":"\xed\xa0\x80"}',
    b"#at 17",
    b"#pos 1 x",
    b"",
    b"[" * 2000,
)
_WRITE, _OPEN = os.write, os.open
"""Bound here, before anything makes changes fail: the test's own notes are not what is tested."""


class OneLife:
    """Offers, ends as told, and writes down what is to be judged.

    Args:
        seed: Of the schedule.
        life: Which of its processes.
        config: Of the shipper.
        folder: Of the schedule.
    """

    def __init__(self, seed: int, life: Life, config: ShippingConfig, folder: Path) -> None:
        self._seed = seed
        self._life = life
        self._folder = folder
        self._dice = random.Random(f"{seed}/{life.number}")
        self._offered = os.open(folder / f"offered-{life.number}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        store = FaultyStore(folder / "store", self._dice, trouble=life.trouble, die_at_put=life.die_at_put)
        if life.drains:
            config = replace(config, shutdown_deadline=SPARE_SECONDS)
        self._clock_dice = random.Random(f"{seed}/{life.number}/clock")
        self._shipper = Shipper(config, lambda: store, surroundings=Surroundings(clock=self._clock))
        self._unbalanced = 0
        self._over = threading.Event()

    def live(self) -> None:
        """Offer from several threads, close, and tell the last snapshot."""
        life = self._life
        threads = [threading.Thread(target=self._offer, args=(number,)) for number in range(life.threads)]
        watcher = threading.Thread(target=self._watch)
        if life.die_at_change is not None:
            mortal.die_at_change(life.die_at_change, self._dice)
        if life.disk_trouble:
            mortal.fail_changes(life.disk_trouble, self._dice, spare={self._offered})
        for thread in (watcher, *threads):
            thread.start()
        if life.flushes:
            self._shipper.flush(0.02)
        for thread in threads:
            thread.join()
        if life.drains:
            self._shipper.position("any")
            self._shipper.flush(SPARE_SECONDS)
        snapshot = self._shipper.close()
        self._over.set()
        watcher.join()
        told = json.dumps({**asdict(snapshot), "balanced": snapshot.balanced, "unbalanced": self._unbalanced})
        _WRITE(_OPEN(self._folder / f"told-{life.number}", os.O_WRONLY | os.O_CREAT, 0o644), told.encode())

    def _clock(self) -> float:
        """Tell the time, which jumps."""
        jump = self._clock_dice.uniform(-1.0, 1.0) if self._clock_dice.random() < 0.1 else 0.0
        return time.time() + jump * self._life.clock_jumps

    def _watch(self) -> None:
        """Look at the counts at every moment."""
        while not self._over.is_set():
            self._unbalanced += not self._shipper.snapshot().balanced
            time.sleep(0.0005)

    def _offer(self, thread: int) -> None:
        dice = random.Random(f"{self._seed}/{self._life.number}/{thread}")
        for number in range(self._life.events):
            name = event_id(f"{self._life.number}.{thread}", number)
            self._shipper.offer(event_line(name), self._clock())
            _WRITE(self._offered, name.encode() + b"\n")
            if dice.random() < self._life.bad_lines:
                self._shipper.offer(dice.choice(BAD_LINES), self._clock())
                _WRITE(self._offered, REFUSED_MARK + b"\n")
            if self._life.pause:
                time.sleep(dice.random() * self._life.pause)
