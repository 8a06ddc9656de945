"""Engines: where the project's SQL runs. One protocol, and DuckDB behind it."""

from __future__ import annotations

from usagelake.engines.ad_hoc import ad_hoc
from usagelake.engines.metered_types import metered_event_types
from usagelake.engines.protocol import Batch, Engine, Rows, Unreadable
from usagelake.engines.query_library import QueryLibrary, load_queries, survey_queries
from usagelake.engines.sql_file import SqlFile
from usagelake.engines.working_schema import table_schema, working_schema

__all__ = [
    "Batch",
    "Engine",
    "QueryLibrary",
    "Rows",
    "SqlFile",
    "Unreadable",
    "ad_hoc",
    "load_queries",
    "metered_event_types",
    "survey_queries",
    "table_schema",
    "working_schema",
]
