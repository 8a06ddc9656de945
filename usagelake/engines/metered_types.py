"""Which event types the meters read, as their SQL says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.domain.landing import Source

if TYPE_CHECKING:
    from usagelake.engines.query_library import QueryLibrary
    from usagelake.engines.sql_file import SqlFile


def metered_event_types(queries: QueryLibrary) -> tuple[str, ...] | None:
    """List the event types that some meter reads.

    Args:
        queries: Whose meters are asked.

    Returns:
        The types that stand beside `event_type` in the meters' conditions, sorted; None when a meter reads
        billing events without naming types, and so may read any.
    """
    types: set[str] = set()
    for meter in queries.meters():
        if not queries.sources(meter, (Source.BILLING_EVENTS,)):
            continue
        named = _named_types(meter) | {name for view in queries.views_of(meter) for name in _named_types(view)}
        if not named:
            return None
        types |= named
    return tuple(sorted(types))


def _named_types(file: SqlFile) -> set[str]:
    return {
        literal.name
        for condition in file.tree.find_all(exp.In, exp.EQ)
        if isinstance(condition.this, exp.Column) and condition.this.name.lower() == "event_type"
        for literal in condition.find_all(exp.Literal)
    }
