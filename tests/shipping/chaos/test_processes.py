"""Services that are ended in every way while S3 fails: what was promised is stored, once, and as it was logged.

`USAGELAKE_SCHEDULES` is how many schedules run (a few by default), `USAGELAKE_SEED` replays one.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.s3_server import Faults, S3ServerProcess
from tests.shipping.chaos.judge import judge
from tests.shipping.chaos.seeds import replayed_seed, schedules

ROOT = Path(__file__).parents[3]
SLACK_S = 1.5
"""What sealing may take beyond the age at which it is due, on a busy machine."""

SEEDS = replayed_seed() or range(max(6, schedules() // 50))
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class Ended:
    """How a service ended.

    Attributes:
        number: Which.
        by: The signal; None for an end of its own.
        at: When the signal was sent, on the monotonic clock.
    """

    number: int
    by: signal.Signals | None
    at: float


class Services:
    """Services that are started one after the other on one store and one spool.

    Args:
        folder: Of the test.
        server: The store.
        options: The handler's.
    """

    def __init__(self, folder: Path, server: S3ServerProcess, options: dict[str, Any]) -> None:
        self._folder = folder
        self._options = {"to": "s3://landing", "endpoint_url": server.endpoint_url, **options}
        self.ended: list[Ended] = []

    def run(
        self, *, seconds: float, by: signal.Signals | None = None, after: float = 0.0, drains: bool = False
    ) -> None:
        """Run one, and end it by a signal if one is given."""
        number = len(self.ended)
        plan = {"folder": str(self._folder), "number": number, "threads": 2, "rate": 300, "options": self._options}
        command = [sys.executable, "-m", "tests.shipping.chaos.victim"]
        with (self._folder / f"said-{number}").open("wb") as said:
            process = subprocess.Popen(
                [*command, json.dumps({**plan, "seconds": seconds, "drains": drains})],
                cwd=ROOT,
                env=os.environ | CREDENTIALS,
                stdout=said,
                stderr=said,
            )
        try:
            at = 0.0
            if by is not None:
                while not (self._folder / f"ready-{number}").exists() and process.poll() is None:
                    time.sleep(0.01)
                time.sleep(after)
                at = time.monotonic()
                process.send_signal(by)
            code = process.wait(120)
        finally:
            process.kill()
            process.wait()
        assert code == (-by if by is signal.SIGKILL else 0), (self._folder / f"said-{number}").read_text()
        self.ended.append(Ended(number, by, at))

    def offered(self, number: int) -> dict[str, float]:
        """Return the ids that a service logged, with their moments."""
        lines = (self._folder / f"offered-{number}").read_text().splitlines()
        return {name: float(at) for name, at in (line.split() for line in lines)}

    def told(self, number: int) -> dict[str, Any]:
        """Return the last snapshot of a service that ended orderly."""
        return json.loads((self._folder / f"told-{number}").read_text())  # type: ignore[no-any-return]


def options_of(dice: random.Random, folder: Path) -> dict[str, Any]:
    """Draw a handler's options."""
    strength = dice.choice(("every-event", "every-event", "sealed", None))
    options: dict[str, Any] = {
        "client": dice.choice(("boto3", "obstore")),
        "max_age": dice.choice((0.1, 0.5)),
        "uploads": dice.choice((1, 4)),
        "shutdown_deadline": dice.choice((0.2, 3.0)),
        "prefix": dice.choice((None, "data-api")),
    }
    if strength is not None:
        options |= {"spool": str(folder / "spool"), "spool_strength": strength}
    return options


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_promised_is_stored_once(seed: int, tmp_path: Path) -> None:
    """Random faults, client, strength, and ends; the last start finds a store that works, and drains."""
    dice = random.Random(seed)
    options = options_of(dice, tmp_path)
    faults = Faults.drawn(dice, trouble=0.7, outage_within=2.0)
    with S3ServerProcess(tmp_path / "server", faults, seed=seed) as server:
        services = Services(tmp_path, server, options)
        for _ in range(dice.randint(1, 2)):
            by = dice.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, None))
            services.run(seconds=60.0 if by is not None else 1.0, by=by, after=dice.random() * 1.5)
        server.set_faults(Faults())
        services.run(seconds=0.2, drains=True)
        _, stored = server.journal()
    found = judge(((body.key.removeprefix("landing/"), body.body) for body in stored), prefix=options["prefix"])
    assert not found.wrong, (seed, options, faults, found.wrong[:5])
    for ended in services.ended:
        wrong = list(_faults_of(ended, services, found.ids, options))
        assert not wrong, (seed, options, faults, wrong)


def _faults_of(ended: Ended, services: Services, stored: set[str], options: dict[str, Any]) -> list[str]:
    """Hold what one service logged, and told, against what is stored."""
    offered = services.offered(ended.number)
    lost = {name: at for name, at in offered.items() if name not in stored}
    strength = options.get("spool_strength")
    wrong = []
    if strength == "every-event" and lost:
        wrong.append(f"lost {len(lost)} of {len(offered)}, such as {min(lost)}")
    if ended.by is signal.SIGKILL:
        too_old = [name for name, at in lost.items() if at < ended.at - options["max_age"] - SLACK_S]
        if strength == "sealed" and too_old:
            wrong.append(f"lost {len(too_old)} that were old enough to be sealed, such as {too_old[0]}")
        return wrong
    told = services.told(ended.number)
    counted = told["failed"] + sum(told["dropped"].values())
    if not told["balanced"] or told["unbalanced"]:
        wrong.append(f"was not balanced: {told}")
    if told["buffered"]:
        wrong.append(f"holds events after its end: {told}")
    if len(lost) > counted:
        wrong.append(f"lost {len(lost)} and counted {counted}: {told}")
    if strength is not None and counted:
        wrong.append(f"counts losses: {told}")
    return wrong


@pytest.mark.parametrize("by", [signal.SIGTERM, None])
@pytest.mark.parametrize("client", ["boto3", "obstore"])
def test_without_a_spool_an_orderly_end_loses_nothing(tmp_path: Path, client: str, by: signal.Signals | None) -> None:
    """With a store that works, SIGTERM that becomes `sys.exit` and a clean end deliver everything."""
    with S3ServerProcess(tmp_path / "server") as server:
        services = Services(tmp_path, server, {"client": client, "max_age": 30.0})
        services.run(seconds=1.0 if by is None else 60.0, by=by, after=0.7)
        _, stored = server.journal()
    found = judge((body.key.removeprefix("landing/"), body.body) for body in stored)
    told = services.told(0)
    assert not found.wrong
    assert found.lost(services.offered(0)) == []
    assert told["delivered"] == told["offered"] == len(found.ids)
