"""Carrying a whole statement: a query, MERGE, INSERT, DELETE, or CREATE OR REPLACE VIEW.

Source: https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-updating-iceberg-table-data.html and
https://trino.io/docs/current/sql/merge.html.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect.context import Context
from usagelake.engines.dialect.queries import Queries
from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.scope import Column, Relation, Scope, quoted
from usagelake.engines.dialect.sql_types import coercible
from usagelake.engines.dialect.typed import Typed, coerce
from usagelake.engines.dialect.whole import only

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from usagelake.engines.dialect.sql_types import Type


class Statements:
    """Carries statements.

    Args:
        schema: The tables' and views' columns with their types.
        params: The parameters that are not bound yet.
    """

    def __init__(self, schema: Mapping[str, Sequence[Column]], params: Mapping[str, Type]) -> None:
        self._schema = schema
        self._queries = Queries(schema, params)

    def carry(self, written: exp.Expr) -> tuple[exp.Expr, Sequence[Column]]:
        """Carry a statement.

        Returns:
            The DuckDB statement and, for a query, its columns.

        Raises:
            RefusalError: Athena would refuse it, or it cannot be carried exactly.
        """
        node = written.copy()
        if isinstance(node, (exp.Query, exp.Values)):
            while isinstance(node, exp.Subquery) and not node.args.get("alias"):
                node = node.this
            columns = self._queries.carry(node, None, {})
            return _with_labels(node, columns), columns
        if isinstance(node, exp.Merge):
            return self._merge(node), ()
        if isinstance(node, exp.Insert):
            return self._insert(node), ()
        if isinstance(node, exp.Delete):
            return self._delete(node), ()
        if isinstance(node, exp.Create):
            return self._view(node), ()
        raise refuse(node, f"{node.key.upper()} is not carried")

    def _target(self, node: exp.Expr) -> tuple[str, Sequence[Column]]:
        """Find the table that a statement changes."""
        if not isinstance(node, exp.Table) or node.args.get("db") is not None:
            raise refuse(node, "the table that is changed stands by its bare name")
        name = node.name.lower()
        if name not in self._schema:
            raise refuse(node, f"there is no table {name}: there are {', '.join(sorted(self._schema))}")
        return name, self._schema[name]

    def _merge(self, node: exp.Merge) -> exp.Merge:
        only(node, {"this", "using", "on", "whens"})
        name, columns = self._target(node.this)
        scope = Scope(None, {})
        alias = (node.this.alias or name).lower()
        scope.add(Relation(alias, columns), node.this)
        source = exp.select("*").from_(node.args["using"], copy=False)
        self._queries.relations.source(source, scope)
        context = Context(scope, "ON", fuse=False)
        condition = self._queries.compiler.condition(node.args["on"], context)
        inner = Scope(None, {}, {key: value for key, value in scope.relations.items() if key != alias})
        whens = [self._when(when, name, scope, inner) for when in node.args["whens"].expressions]
        return exp.Merge(
            this=exp.Table(this=quoted(name), alias=exp.TableAlias(this=quoted(alias))),
            using=source.args["from_"].this,
            on=condition,
            whens=exp.Whens(expressions=whens),
        )

    def _when(self, when: exp.When, table: str, scope: Scope, source: Scope) -> exp.When:
        matched = bool(when.args.get("matched"))
        if when.args.get("source"):
            raise refuse(when, "Athena has no WHEN NOT MATCHED BY SOURCE")
        context = Context(scope if matched else source, "WHEN", fuse=False)
        carried = exp.When(matched=matched)
        condition = when.args.get("condition")
        if condition is not None:
            carried.set("condition", self._queries.compiler.condition(condition, context))
        action = when.args["then"]
        if isinstance(action, exp.Update):
            sets = [self._set(each, table, context) for each in action.expressions]
            carried.set("then", exp.Update(expressions=sets))
        elif isinstance(action, exp.Insert) and isinstance(action.expression, exp.Tuple):
            carried.set("then", self._when_insert(action, table, context))
        elif isinstance(action, exp.Var) and action.name.upper() == "DELETE":
            carried.set("then", exp.var("DELETE"))
        else:
            raise refuse(when, "THEN takes UPDATE SET, DELETE or INSERT (…) VALUES (…)")
        return carried

    def _set(self, node: exp.Expr, table: str, context: Context) -> exp.Expr:
        if not isinstance(node, exp.EQ) or not isinstance(node.this, exp.Column) or node.this.table:
            raise refuse(node, "UPDATE SET takes column = value, with the column's bare name")
        value = self._queries.compiler.typed(node.expression, context)
        return exp.EQ(
            this=exp.column(quoted(node.this.name.lower())),
            expression=self._stored(node, table, node.this.name.lower(), value),
        )

    def _when_insert(self, node: exp.Insert, table: str, context: Context) -> exp.Insert:
        names = [column.name.lower() for column in node.this.expressions] if node.this is not None else []
        values = node.expression.expressions
        if len(names) != len(values):
            raise refuse(node, f"INSERT names {len(names)} columns and gives {len(values)} values")
        carried = [
            self._stored(value, table, name, self._queries.compiler.typed(value, context))
            for name, value in zip(names, values, strict=True)
        ]
        columns = exp.Tuple(expressions=[exp.column(quoted(name)) for name in names])
        return exp.Insert(this=columns, expression=exp.Tuple(expressions=carried))

    def _stored(self, node: exp.Expr, table: str, name: str, value: Typed) -> exp.Expr:
        """Convert a value to the column that takes it, as Athena does."""
        found = [column for column in self._schema[table] if column.name == name]
        if not found:
            raise refuse(node, f"table {table} has no column {name}")
        if not coercible(value.type, found[0].type):
            raise refuse(node, f"column {name} is {found[0].type}, the value is {value.type}: cast it")
        return coerce(value, found[0].type)

    def _insert(self, node: exp.Insert) -> exp.Insert:
        only(node, {"this", "expression"})
        into = node.this
        names: list[str] = []
        if isinstance(into, exp.Schema):
            names, into = [column.name.lower() for column in into.expressions], into.this
        table, columns = self._target(into)
        names = names or [column.name or "" for column in columns]
        query = node.expression
        given = self._queries.carry(query, None, {})
        if len(given) != len(names):
            raise refuse(node, f"INSERT takes {len(names)} columns, the query gives {len(given)}")
        for name, column in zip(names, given, strict=True):
            self._stored(node, table, name, Typed(exp.null(), column.type))
        target = exp.Schema(this=exp.Table(this=quoted(table)), expressions=[quoted(name) for name in names])
        return exp.Insert(this=target, expression=query)

    def _delete(self, node: exp.Delete) -> exp.Delete:
        only(node, {"this", "where"})
        table, columns = self._target(node.this)
        carried = exp.Delete(this=exp.Table(this=quoted(table)))
        where = node.args.get("where")
        if where is not None:
            scope = Scope(None, {})
            scope.add(Relation(table, columns), node.this)
            condition = self._queries.compiler.condition(where.this, Context(scope, "WHERE", fuse=False))
            carried.set("where", exp.Where(this=condition))
        return carried

    def _view(self, node: exp.Create) -> exp.Create:
        only(node, {"this", "kind", "replace", "expression"})
        if node.args.get("kind") != "VIEW" or not isinstance(node.this, exp.Table):
            raise refuse(node, "of CREATE, only CREATE OR REPLACE VIEW name AS query is carried")
        columns = self._queries.carry(node.expression, None, {})
        if any(column.name is None for column in columns):
            raise refuse(node, "each column of a view needs a name")
        return exp.Create(
            this=exp.Table(this=quoted(node.this.name.lower())),
            kind="VIEW",
            replace=node.args.get("replace"),
            expression=node.expression,
        )


def labels(columns: Sequence[Column]) -> list[str]:
    """The names of a result's columns as Athena shows them: `_col0` where there is none.

    Example:
        >>> from usagelake.engines.dialect.sql_types import BIGINT
        >>> labels([Column("n", BIGINT, "N"), Column(None, BIGINT)])
        ['N', '_col1']
    """
    return [column.label or column.name or f"_col{place}" for place, column in enumerate(columns)]


def _with_labels(node: exp.Expr, columns: Sequence[Column]) -> exp.Expr:
    """Give the result's columns the names that Athena shows."""
    select = node
    while isinstance(select, (exp.SetOperation, exp.Subquery)):
        select = select.this
    if not isinstance(select, exp.Select):
        return node
    shown = [
        exp.alias_(expression.unalias(), label, quoted=True)
        for expression, label in zip(select.expressions, labels(columns), strict=True)
    ]
    select.set("expressions", shown)
    return node
