"""Conditionals: https://trino.io/docs/current/functions/conditional.html.

A value that only some rows come to is read on demand (see `Context.on_demand`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect.functions import Call, carries
from usagelake.engines.dialect.guards import valid_json, without_second_look
from usagelake.engines.dialect.operators import meet
from usagelake.engines.dialect.typed import Typed, build, call, coerce, coerce_all

if TYPE_CHECKING:
    from usagelake.engines.dialect.compiler import Compiler
    from usagelake.engines.dialect.context import Context


def case_(compiler: Compiler, node: exp.Case, context: Context) -> Typed:
    """Carry CASE, with or without a subject."""
    subject = node.this
    branches = []
    for branch in node.args["ifs"]:
        test = branch.this if subject is None else exp.EQ(this=subject.copy(), expression=branch.this.copy())
        branches.append((compiler.condition(test, context), compiler.typed(branch.args["true"], context.on_demand())))
    default = node.args.get("default")
    return _branches(node, branches, None if default is None else compiler.typed(default, context.on_demand()))


def if_(compiler: Compiler, node: exp.If, context: Context) -> Typed:
    """Carry if(condition, value, otherwise)."""
    branch = (compiler.condition(node.this, context), compiler.typed(node.args["true"], context.on_demand()))
    otherwise = node.args.get("false")
    default = None if otherwise is None else compiler.typed(otherwise, context.on_demand())
    return _branches(node, [branch], default)


def _branches(node: exp.Expr, branches: list[tuple[exp.Expr, Typed]], default: Typed | None) -> Typed:
    if len(branches) == 1 and default is None:
        test, value = branches[0]
        if (proven := valid_json(test, value.node)) is not None:
            return Typed(proven.copy(), value.type, is_json=True)
    values = [value for _, value in branches] + ([] if default is None else [default])
    kind = meet(node, values, "mix " + ", ".join(str(value.type) for value in values))
    ifs = [exp.If(this=test, true=without_second_look(test, coerce(value, kind))) for test, value in branches]
    node = exp.Case(ifs=ifs, default=None if default is None else coerce(default, kind))
    return Typed(node, kind, is_json=all(value.is_json for value in values))


@carries("coalesce")
def _coalesce(site: Call) -> Typed:
    values = site.values(at_least=2)
    kind = meet(site.node, values, "mix " + ", ".join(str(value.type) for value in values))
    return Typed(call("coalesce", *coerce_all(values, kind)), kind)


@carries("nullif")
def _nullif(site: Call) -> Typed:
    """The result has the type of the first value, whatever the two are compared as."""
    values = site.values(at_least=2, at_most=2)
    first, second = values
    kind = meet(site.node, values, f"compare {first.type} with {second.type}")
    nodes = coerce_all(values, kind)
    if kind == first.type:
        return Typed(call("nullif", *nodes), kind)
    return Typed(build("CASE WHEN _1 = _2 THEN NULL ELSE _3 END", *nodes, first.node), first.type)
