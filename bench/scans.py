"""What a statement scans: which columns of which tables, as an engine that prunes columns would.

A view becomes the query that it is, columns are resolved against the tables' schema, and what no outer query asks
for is left out. A MERGE or a DELETE is turned into the query that finds its rows: Trino plans it so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlglot import exp
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

from usagelake.engines.dialect import Athena

if TYPE_CHECKING:
    from usagelake.engines import QueryLibrary, SqlFile
    from usagelake.engines.dialect import Schema


class Scan(NamedTuple):
    """One pass over a table.

    Attributes:
        table: Its name.
        columns: The columns whose bytes are read; none where rows are only counted.
    """

    table: str
    columns: frozenset[str]


def scans(file: SqlFile, queries: QueryLibrary, schema: Schema) -> list[Scan]:
    """List what a statement scans. A query of WITH that is named twice is run twice, as Trino does it.

    Args:
        file: The statement.
        queries: Whose views it may name.
        schema: The tables, and the relations that the engine shows while it works.
    """
    tree = _as_query(file.tree, schema)
    for placeholder in list(tree.find_all(exp.Placeholder)):
        kind = file.params[placeholder.name].type.removesuffix("[]")
        placeholder.replace(exp.cast(exp.null(), kind, dialect=Athena))
    for star in list(tree.find_all(exp.Star)):
        if isinstance(star.parent, exp.Anonymous):  # count(*) reads no column, which sqlglot does not know here
            star.replace(exp.Literal.number(1))
    expanded = exp.expand(tree, {view.name: view.tree for view in queries.views()}, dialect=Athena)
    known = {name: dict(columns) for name, columns in schema.items()}
    pruned = pushdown_projections(qualify(expanded, schema=known, dialect=Athena, quote_identifiers=False))
    return _scans(traverse_scope(pruned)[-1])


def _scans(scope: Scope) -> list[Scan]:
    if scope.set_operation_scopes:
        return [scan for branch in scope.set_operation_scopes for scan in _scans(branch)]
    found: list[Scan] = []
    for name, (_, source) in scope.selected_sources.items():
        if isinstance(source, Scope):
            found.extend(_scans(source))
        else:
            found.append(Scan(source.name, frozenset(column.name for column in scope.source_columns(name))))
    return found + [scan for inner in scope.subquery_scopes for scan in _scans(inner)]


def _as_query(tree: exp.Expr, schema: Schema) -> exp.Expr:
    """Turn a statement into the query that reads what it reads."""
    match tree:
        case exp.Merge():
            return _rows_of_merge(tree, schema)
        case exp.Delete():
            found = exp.select("1").from_(tree.this.copy())
            where = tree.args.get("where")
            return found if where is None else found.where(where.this.copy())
        case _:
            return tree.copy()


def _rows_of_merge(tree: exp.Merge, schema: Schema) -> exp.Expr:
    """Join target and source, with what the branches read of either.

    A row that is updated is written anew, so that all columns of the target are read where a branch updates.
    """
    target, source = tree.this, tree.args["using"]
    names = {target.alias_or_name, source.alias_or_name}
    branches = tree.args["whens"].expressions
    asked = {
        (column.table, column.name): column.copy()
        for branch in branches
        for column in branch.find_all(exp.Column)
        if column.table in names
    }
    if any(isinstance(branch.args["then"], exp.Update) for branch in branches):
        for name in schema[target.name]:
            asked.setdefault((target.alias_or_name, name), exp.column(name, table=target.alias_or_name))
    named = [exp.alias_(column, f"c{number}") for number, column in enumerate(asked.values())]
    return exp.select(*(named or ["1"])).from_(source.copy()).join(target.copy(), on=tree.args["on"].copy())
