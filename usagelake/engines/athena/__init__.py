"""Athena: the engine in AWS. A lake is a Glue database of Iceberg tables, and there is no server to keep."""

from __future__ import annotations

from usagelake.engines.athena.config import AthenaConfig, load_config
from usagelake.engines.athena.engine import AthenaEngine
from usagelake.engines.athena.identity import Run, RunIdentity
from usagelake.engines.athena.pace import Pace
from usagelake.engines.athena.places import read_places
from usagelake.engines.athena.spending import Spending, Spent

__all__ = [
    "AthenaConfig",
    "AthenaEngine",
    "Pace",
    "Run",
    "RunIdentity",
    "Spending",
    "Spent",
    "load_config",
    "read_places",
]
