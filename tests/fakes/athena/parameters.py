"""ExecutionParameters in the place of the `?` of a statement: in WHERE, and never in MERGE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from tests.fakes.athena.errors import StatementError
from tests.fakes.athena.statements import parse

if TYPE_CHECKING:
    from collections.abc import Sequence


def bind(tree: exp.Expr, values: Sequence[str]) -> exp.Expr:
    """Put values, each written as a SQL literal, in their places.

    Raises:
        StatementError: Athena takes no parameter there, or their number is wrong.
    """
    marks = [mark for mark in tree.find_all(exp.Placeholder, bfs=False) if not mark.this]
    if isinstance(tree, (exp.Merge, exp.Delete)) and (marks or values):
        raise StatementError(f"SYNTAX_ERROR: line 1:1: Execution parameters are not supported in {tree.key.upper()}")
    if len(marks) != len(values):
        raise StatementError(
            f"INVALID_PARAMETER_USAGE: line 1:1: Incorrect number of parameters: expected {len(marks)} "
            f"but found {len(values)}"
        )
    for mark, value in zip(marks, values, strict=True):
        if mark.find_ancestor(exp.Where) is None and mark.find_ancestor(exp.Values) is None:
            raise StatementError("SYNTAX_ERROR: line 1:1: Execution parameters are supported in WHERE only")
        mark.replace(_literal(value))
    return tree


def _literal(text: str) -> exp.Expr:
    select = parse(f"SELECT {text}")
    found = select.expressions[0] if isinstance(select, exp.Select) and len(select.expressions) == 1 else None
    if found is None or select.args.get("from_") is not None:
        raise StatementError(f"SYNTAX_ERROR: line 1:1: the execution parameter {text!r} is no literal")
    if found.find(exp.Column, exp.Query) is not None:
        raise StatementError(f"COLUMN_NOT_FOUND: line 1:1: Column '{text}' cannot be resolved", kind=1006)
    assert isinstance(found, exp.Expr)
    return found.copy()
