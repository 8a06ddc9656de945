"""DuckDB: the embedded engine, and the default on a laptop."""

from __future__ import annotations

from usagelake.engines.duckdb.engine import DuckDBEngine

__all__ = ["DuckDBEngine"]
