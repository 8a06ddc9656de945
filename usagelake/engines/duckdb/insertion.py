"""A MERGE that only inserts, written as the INSERT that it is.

`MERGE … WHEN NOT MATCHED THEN INSERT` and `INSERT … WHERE NOT EXISTS` say the same where one writer works at
a time, as on an embedded lake; the second took half the time (docs/performance.md).
"""

from __future__ import annotations

from sqlglot import exp


def as_insertion(tree: exp.Expr) -> exp.Expr:
    """Rewrite a MERGE whose one clause is `WHEN NOT MATCHED THEN INSERT`; give anything else back.

    Args:
        tree: A statement in Athena's dialect; it is not changed.
    """
    if not isinstance(tree, exp.Merge):
        return tree
    clauses = tree.args["whens"].expressions
    if len(clauses) != 1 or clauses[0].args.get("matched") or clauses[0].args.get("condition") is not None:
        return tree
    insert = clauses[0].args["then"]
    if not isinstance(insert, exp.Insert):
        return tree
    columns, values = insert.this, insert.expression
    target, source = tree.this.copy(), tree.args["using"].copy()
    known = exp.select("1").from_(target.copy()).where(tree.args["on"].copy())
    new = exp.select(*(value.copy() for value in values.expressions), copy=False).from_(source)
    new = new.where(exp.Not(this=exp.Exists(this=known)), copy=False)
    plain_target = exp.Table(this=target.this)
    return exp.Insert(
        this=exp.Schema(this=plain_target, expressions=[c.copy() for c in columns.expressions]),
        expression=new,
    )
