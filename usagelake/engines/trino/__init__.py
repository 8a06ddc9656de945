"""Trino: the engine for those who outgrow one machine and have a cluster of their own."""

from __future__ import annotations

from usagelake.engines.trino.config import TrinoConfig, load_config
from usagelake.engines.trino.engine import TrinoEngine

__all__ = ["TrinoConfig", "TrinoEngine", "load_config"]
