"""A local Athena for tests: its API over HTTP, statements really executed on DuckDB, S3 and Glue by moto."""

from __future__ import annotations

from tests.fakes.athena.faults import Fault
from tests.fakes.athena.process import LocalAthena, running

__all__ = ["Fault", "LocalAthena", "running"]
