"""Athena's SQL, read strictly and carried to DuckDB: exactly, or refused with the reason.

`parse_statement` reads one statement, `check` judges it against the tables, `to_duckdb` writes it for a DuckDB
connection on which `SESSION_SQL` has been run.
"""

from usagelake.engines.dialect.carry import (
    Carried,
    Schema,
    carry,
    check,
    check_read_only,
    to_athena,
    to_duckdb,
)
from usagelake.engines.dialect.grammar import Athena, parse_statement
from usagelake.engines.dialect.refusal import RefusalError
from usagelake.engines.dialect.session import SESSION_SQL

__all__ = [
    "SESSION_SQL",
    "Athena",
    "Carried",
    "RefusalError",
    "Schema",
    "carry",
    "check",
    "check_read_only",
    "parse_statement",
    "to_athena",
    "to_duckdb",
]
