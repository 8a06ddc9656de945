"""Where an expression stands, and what may stand there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlglot import exp

    from usagelake.engines.dialect.scope import Scope
    from usagelake.engines.dialect.sql_types import Type


@dataclass(frozen=True, slots=True)
class Context:
    """Where an expression stands.

    Args:
        scope: The relations in sight.
        clause: The clause's name, for messages.
        keys: The grouping expressions, when the query groups: nothing else may be used as it is.
        aggregates: Whether an aggregate function may stand here.
        windows: Whether a window function may stand here.
        fuse: Whether JSON values may be read by the relation's wrapper; not where only some rows come to.
        names: The parameters of the lambdas around.
    """

    scope: Scope
    clause: str
    keys: frozenset[str] | None = None
    aggregates: bool = False
    windows: bool = False
    fuse: bool = True
    names: Mapping[str, tuple[exp.Expr, Type]] = field(default_factory=dict)

    def inside_aggregate(self) -> Context:
        """The context of an aggregate's arguments: rows, not groups."""
        return replace(self, keys=None, aggregates=False, windows=False)

    def inside_window(self) -> Context:
        """The context of a window function's arguments: groups may be aggregated, windows not nested."""
        return replace(self, windows=False)

    def on_demand(self) -> Context:
        """The context of what is computed for some rows only."""
        return replace(self, fuse=False)

    def with_names(self, names: Mapping[str, tuple[exp.Expr, Type]]) -> Context:
        """The context of a lambda's body."""
        return replace(self, names={**self.names, **names}, aggregates=False, windows=False)
