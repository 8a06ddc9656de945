"""Thousands of seeded schedules over a store that fails, with deaths at any change of a file.

`USAGELAKE_SCHEDULES=5000` runs that many instead of a few, `USAGELAKE_SEED=n` replays one; see `schedules.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shipping.chaos.seeds import replayed_seed, schedules

ROOT = Path(__file__).parents[3]
MEMORY = Path("/dev/shm")  # noqa: S108 - many small files, gone with each schedule
SECONDS_EACH = 2.0
CHUNKS = 4


def chunks() -> list[tuple[int, int]]:
    """Divide the seeds, so that several processes of pytest share them."""
    if replayed_seed():
        return [(replayed_seed()[0], 1)]
    each = -(-schedules() // CHUNKS)
    return [(number * each, each) for number in range(CHUNKS)]


@pytest.mark.parametrize(("first", "count"), chunks())
def test_every_schedule_keeps_what_was_promised(first: int, count: int, tmp_path: Path) -> None:
    """With `every-event` nothing is lost; nothing ever is stored under two keys; whatever is dropped is counted."""
    command = [sys.executable, "-m", "tests.shipping.chaos.schedules", str(first), str(count)]
    place = MEMORY if os.access(MEMORY, os.W_OK) else tmp_path
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(place)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60 + SECONDS_EACH * count,
    )
    assert ran.returncode == 0, ran.stderr
    failed = [json.loads(line) for line in ran.stdout.splitlines()]
    assert not failed, f"replay with USAGELAKE_SEED={failed[0]['seed']}: {failed[0]['wrong']}"
