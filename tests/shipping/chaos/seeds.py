"""How many schedules run, and which."""

from __future__ import annotations

import os

FEW = 120
"""Enough to notice, within the time that a whole run of the tests may take."""


def schedules() -> int:
    """How many schedules run: `USAGELAKE_SCHEDULES`, a few by default."""
    return int(os.environ.get("USAGELAKE_SCHEDULES", str(FEW)))


def replayed_seed() -> list[int]:
    """The one seed that is to be run again, `USAGELAKE_SEED`; empty when there is none."""
    return [int(os.environ["USAGELAKE_SEED"])] if "USAGELAKE_SEED" in os.environ else []
