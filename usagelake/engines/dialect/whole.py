"""Nothing of a statement is passed over: a part that is not carried is refused."""

from __future__ import annotations

from sqlglot import exp

from usagelake.engines.dialect.refusal import refuse


def only(node: exp.Expr, allowed: set[str]) -> None:
    """Refuse a part of the tree that has more to it than is carried."""
    for name, value in node.args.items():
        if value and name not in allowed:
            part = value[0] if isinstance(value, list) else value
            shown = part.sql("trino") if isinstance(part, exp.Expr) else name.strip("_").upper()
            raise refuse(part if isinstance(part, exp.Expr) else node, f"`{shown}` is not carried here")
