"""ORDER BY: Athena puts NULLs last in either direction, unless told otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect.refusal import refuse

if TYPE_CHECKING:
    from usagelake.engines.dialect.context import Context
    from usagelake.engines.dialect.functions import TypesExpressions


def ordered(compiler: TypesExpressions, node: exp.Expr, context: Context) -> exp.Expr:
    """Carry one item of an ORDER BY that stands inside a function or a window."""
    inner = node.this if isinstance(node, exp.Ordered) else node
    value = compiler.typed(inner, context)
    if value.type.name in ("json", "array"):
        raise refuse(inner, f"Athena cannot order by {value.type}")
    return directed(node, value.node)


def directed(node: exp.Expr, key: exp.Expr) -> exp.Ordered:
    """Give a carried key the direction that is written on `node`."""
    if not isinstance(node, exp.Ordered):
        return exp.Ordered(this=key, desc=False, nulls_first=False)
    if node.args.get("with_fill") is not None:
        raise refuse(node, "Athena has no WITH FILL")
    first = bool(node.args.get("nulls_first"))
    return exp.Ordered(this=key, desc=bool(node.args.get("desc")), nulls_first=first)
