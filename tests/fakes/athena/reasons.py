"""What Athena says: the reason of a failed statement for what the dialect or DuckDB has found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.fakes.athena.errors import SYSTEM, StatementError

if TYPE_CHECKING:
    import duckdb

    from usagelake.engines.dialect import RefusalError

_REFUSALS = (
    (r"column (\S+?)(?: is not there|: \S+ has )", "COLUMN_NOT_FOUND", "Column '{0}' cannot be resolved"),
    (
        r"column (\S+) must stand in GROUP BY",
        "EXPRESSION_NOT_AGGREGATE",
        "'{0}' must be an aggregate expression or appear in GROUP BY clause",
    ),
    (r"column (\S+) is ambiguous", "COLUMN_NOT_FOUND", "Column '{0}' is ambiguous"),
    (r"table \S+ has no column (\S+)", "COLUMN_NOT_FOUND", "Column '{0}' cannot be resolved"),
    (r"there is no table (\w+)", "TABLE_NOT_FOUND", "Table '{0}' does not exist"),
    (r"function (\S+) is not carried", "FUNCTION_NOT_FOUND", "Function '{0}' not registered"),
    (r"does not exist: it takes", "FUNCTION_NOT_FOUND", None),
    (r"does not take|takes|compare|mix|cast|: only texts|needs a condition", "TYPE_MISMATCH", None),
)


def of_refusal(refusal: RefusalError) -> StatementError:
    """Say in Athena's words why the dialect refuses a statement that it has read."""
    where = f"line {refusal.line or 1}:1"
    for pattern, code, said in _REFUSALS:
        found = re.search(pattern, refusal.message)
        if found:
            message = said.format(*(group.rstrip(":") for group in found.groups())) if said else refusal.message
            return StatementError(f"{code}: {where}: {message}", kind=1006 if "NOT_FOUND" in code else 1200)
    return StatementError(f"NOT_SUPPORTED: {where}: {refusal.message}", kind=1200)


def of_grammar(refusal: RefusalError) -> StatementError:
    """Say why a statement cannot be read."""
    return StatementError(f"SYNTAX_ERROR: line {refusal.line or 1}:1: {refusal.message}", kind=1000)


_FAILURES = (
    (
        "same target row more than once",
        "MERGE_TARGET_ROW_MULTIPLE_MATCHES",
        "One MERGE target table row matched more than one source row",
    ),
    ("Out of Range", "NUMERIC_VALUE_OUT_OF_RANGE", None),
    ("Conversion Error", "INVALID_CAST_ARGUMENT", None),
    ("More than one row returned by a subquery", "SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned many rows"),
    ("division by zero", "DIVISION_BY_ZERO", "Division by zero"),
    ("Out of Memory", "EXCEEDED_LOCAL_MEMORY_LIMIT", "Query exhausted resources at this scale factor"),
)


def of_duckdb(error: duckdb.Error) -> StatementError:
    """Say why a statement failed while it ran; what is unknown is this server's own fault."""
    told = str(error).strip()
    for sign, code, said in _FAILURES:
        if sign.lower() in told.lower():
            return StatementError(f"{code}: {said or told.splitlines()[0]}", kind=1103)
    return StatementError(f"GENERIC_INTERNAL_ERROR: {told}", category=SYSTEM, kind=401)
