r"""What a condition proves of the text that its branch reads.

`try_cast(x AS bigint)` looks at the text before DuckDB reads it, because DuckDB reads more texts than Trino. In
`CASE WHEN regexp_like(x, '^\d{1,19}\z') THEN try_cast(x AS bigint) END` the condition has looked already: the second
look is left out. What is read is the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGITS = re.compile(r"\^(?:(?:\\d|\[\d-\d\])(?:\{\d+(?:,\d+)?\})?)+\\z")
"""A pattern that lets nothing through but decimal digits, and at least one."""

_INSTANT = r"^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z\z"
"""RFC 3339 in UTC, as docs/contracts.md asks for it: DuckDB reads it as it stands, and cuts after six digits."""


def without_second_look(test: exp.Expr, value: exp.Expr) -> exp.Expr:
    """Simplify what a branch reads by what its condition proves.

    Args:
        test: The branch's condition, for DuckDB.
        value: What it gives, for DuckDB.

    Returns:
        The same value, read with one look where the condition is the other.
    """
    for subject, pattern in _proofs(test):
        if _DIGITS.fullmatch(pattern) and (read := _as_integer(value, subject)) is not None:
            return read
        if pattern == _INSTANT and _is_clock_of(value, subject):
            return exp.TryCast(this=subject.copy(), to=exp.DataType.build("TIMESTAMP", dialect="duckdb"))
    return value


def valid_json(test: exp.Expr, value: exp.Expr) -> exp.Expr | None:
    """Simplify a branch that gives a text where it is valid JSON.

    That is `CASE WHEN try(json_parse(x)) IS NOT NULL THEN x END`, whose value is, on DuckDB, that of
    `try(json_parse(x))`: a `json` value is held as its text. In Athena it is the text as it was written, while
    `json_parse` keeps the last of repeated members and writes numbers anew.

    Args:
        test: The branch's condition, for DuckDB.
        value: What it gives, for DuckDB.

    Returns:
        The text, or NULL where it is no JSON; None when the branch is another one.
    """
    if not (isinstance(test, exp.Not) and isinstance(test.this, exp.Paren) and isinstance(test.this.this, exp.Is)):
        return None
    looked_at = test.this.this.this
    return looked_at if isinstance(value, exp.Column) and _is_call(looked_at, "athena_json_or_null", value) else None


def _proofs(test: exp.Expr) -> Iterator[tuple[exp.Expr, str]]:
    """Name the columns that a condition matches with a pattern, and the patterns."""
    if isinstance(test, exp.Paren):
        yield from _proofs(test.this)
    elif isinstance(test, exp.And):
        yield from _proofs(test.this)
        yield from _proofs(test.expression)
    elif isinstance(test, exp.Anonymous) and test.name == "regexp_matches":
        subject, pattern = test.expressions
        if isinstance(subject, exp.Column) and isinstance(pattern, exp.Literal):
            yield subject, pattern.name


def _as_integer(value: exp.Expr, subject: exp.Expr) -> exp.Expr | None:
    """Take `TRY_CAST(x AS …)` out of `CASE WHEN athena_is_integer(x) THEN TRY_CAST(x AS …) END`."""
    if not isinstance(value, exp.Case) or len(value.args["ifs"]) != 1 or value.args.get("default") is not None:
        return None
    look, read = value.args["ifs"][0].this, value.args["ifs"][0].args["true"]
    if _is_call(look, "athena_is_integer", subject) and isinstance(read, exp.TryCast) and read.this == subject:
        return read.copy()
    return None


def _is_clock_of(value: exp.Expr, subject: exp.Expr) -> bool:
    """Tell whether a value is `try_cast(replace(replace(substr(x, 1, 26), 'Z', ''), 'T', ' ') AS timestamp(6))`."""
    if not (isinstance(value, exp.Anonymous) and value.name == "athena_read_timestamp_6"):
        return False
    without_t = value.expressions[0]
    return (
        str(without_t.sql("duckdb")) == f"REPLACE(REPLACE(SUBSTR({subject.sql('duckdb')}, 1, 26), 'Z', ''), 'T', ' ')"
    )


def _is_call(node: exp.Expr, name: str, subject: exp.Expr) -> bool:
    return bool(isinstance(node, exp.Anonymous) and node.name == name and node.expressions == [subject])
