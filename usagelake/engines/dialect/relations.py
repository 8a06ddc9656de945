"""FROM: tables, queries, VALUES, joins and UNNEST.

UNNEST beside a single relation becomes a column of it (`SELECT *, unnest(…) FROM …`): DuckDB carries the
lateral join that it is in SQL seventeen times slower (1.9 s against 0.11 s on a million lines).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect.context import Context
from usagelake.engines.dialect.json_picks import JsonPicks
from usagelake.engines.dialect.operators import meet
from usagelake.engines.dialect.refusal import refuse
from usagelake.engines.dialect.scope import Column, Relation, quoted, renamed_columns, table_alias
from usagelake.engines.dialect.sql_types import BIGINT, Type
from usagelake.engines.dialect.typed import Typed, build, call, coerce

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from usagelake.engines.dialect.compiler import Compiler
    from usagelake.engines.dialect.scope import Scope

    CarryQuery = Callable[[exp.Expr, Scope | None, Mapping[str, Sequence[Column]]], Sequence[Column]]


class Relations:
    """Carries what stands in FROM.

    Args:
        schema: The tables' and views' columns.
        compiler: Carries conditions and arrays.
        carry_query: Carries a query that stands in FROM.
    """

    def __init__(self, schema: Mapping[str, Sequence[Column]], compiler: Compiler, carry_query: CarryQuery) -> None:
        self._schema = schema
        self._compiler = compiler
        self._carry_query = carry_query

    def source(self, node: exp.Select, scope: Scope) -> None:
        """Carry FROM and its joins, in place, and bring their relations into sight."""
        clause = node.args.get("from_")
        if clause is None:
            return
        if isinstance(clause.this, exp.Unnest):
            clause.set("this", self._lateral(clause.this, scope))
        else:
            clause.set("this", self._relation(clause.this, scope))
        remaining: list[exp.Expr] = []
        for join in node.args.get("joins") or []:
            carried = self._join(join, scope, clause, alone=not remaining)
            if carried is not None:
                remaining.append(carried)
        node.set("joins", remaining or None)

    @staticmethod
    def wrap(node: exp.Select, scope: Scope) -> None:
        """Give each relation the lists of JSON values that the query reads from it."""
        clause = node.args.get("from_")
        holders = [] if clause is None else [clause, *(node.args.get("joins") or [])]
        for holder in holders:
            relation = scope.relations.get(holder.this.alias_or_name)
            if relation is not None and relation.picks is not None:
                holder.set("this", relation.picks.wrap(holder.this))

    def values(self, node: exp.Values, scope: Scope) -> Sequence[Column]:
        """Carry VALUES, in place."""
        rows = [
            list(row.expressions) if isinstance(row, exp.Tuple) else [row.this if isinstance(row, exp.Paren) else row]
            for row in node.expressions
        ]
        context = Context(scope, "VALUES")
        carried = [[self._compiler.typed(value, context) for value in row] for row in rows]
        if len({len(row) for row in carried}) != 1:
            raise refuse(node, "the rows of VALUES have different numbers of columns")
        kinds = [meet(node, list(column), "mix types in a column of VALUES") for column in zip(*carried, strict=True)]
        node.set(
            "expressions",
            [
                exp.Tuple(expressions=[coerce(value, kind) for value, kind in zip(row, kinds, strict=True)])
                for row in carried
            ],
        )
        return [Column(None, kind) for kind in kinds]

    def _relation(self, node: exp.Expr, scope: Scope) -> exp.Expr:
        if isinstance(node, exp.Table):
            return self._table(node, scope)
        if isinstance(node, exp.Subquery):
            return self._derived(node, scope)
        if isinstance(node, exp.Values):
            columns = self.values(node, scope)
            return self._aliased(node, exp.Values(expressions=node.expressions), columns, scope)
        raise refuse(node, f"`{node.sql('trino')}` cannot stand in FROM here")

    def _table(self, node: exp.Table, scope: Scope) -> exp.Expr:
        _only_table(node)
        if not isinstance(node.this, exp.Identifier):
            raise refuse(node, f"`{node.this.sql('trino')}`: a query reads tables, not functions or files")
        if node.args.get("db") is not None:
            raise refuse(node, f"write {node.name} without a database: the engine knows where it lies")
        name = node.name.lower()
        columns = scope.common.get(name, self._schema.get(name))
        if columns is None:
            known = ", ".join(sorted({*self._schema, *scope.common}))
            raise refuse(node, f"there is no table {name}{': there are ' + known if known else ''}")
        written = node.args.get("alias")
        alias = (node.alias or name).lower()
        renamed = renamed_columns(node, columns, written)
        scope.add(Relation(alias, renamed, picks=JsonPicks(alias)), node)
        return exp.Table(this=quoted(name), alias=table_alias(alias, written, renamed))

    def _derived(self, node: exp.Subquery, scope: Scope) -> exp.Expr:
        for name in ("joins", "laterals", "pivots", "sample", "order", "limit", "offset", "with_"):
            if node.args.get(name):
                raise refuse(node, "a query in FROM stands in parentheses, with an alias and nothing else")
        body = node.this
        if isinstance(body, exp.Table):
            raise refuse(node, "a join in parentheses is not carried")
        columns = self._carry_query(body, None, scope.common)
        return self._aliased(node, exp.Subquery(this=body), columns, scope)

    def _aliased(self, node: exp.Expr, carried: exp.Expr, columns: Sequence[Column], scope: Scope) -> exp.Expr:
        written = node.args.get("alias")
        alias = node.alias.lower() or f"query {len(scope.relations)}"
        renamed = renamed_columns(node, columns, written)
        scope.add(Relation(alias, renamed, picks=JsonPicks(alias)), node)
        carried.set("alias", table_alias(alias, written, renamed))
        return carried

    def _join(self, join: exp.Join, scope: Scope, clause: exp.From, *, alone: bool) -> exp.Expr | None:
        _only_join(join)
        if isinstance(join.this, exp.Unnest):
            if join.args.get("side") or join.args.get("on") is not None or join.args.get("using"):
                raise refuse(join, "UNNEST is carried after CROSS JOIN only")
            if alone and len(scope.relations) == 1 and not join.this.args.get("offset"):
                clause.set("this", self._beside(join.this, scope, clause.this))
                return None
            return exp.Join(this=self._lateral(join.this, scope), kind="CROSS")
        before = {name for relation in scope.relations.values() for name in _names(relation.columns)}
        carried = exp.Join(this=self._relation(join.this, scope))
        for name in ("side", "kind"):
            if join.args.get(name):
                carried.set(name, join.args[name])
        on, using = join.args.get("on"), join.args.get("using")
        cross = not join.args.get("side") and join.args.get("kind", "") in ("", "CROSS")
        if on is not None:
            carried.set("on", self._compiler.condition(on, Context(scope, "ON")))
        elif using:
            carried.set("using", self._using(join, before, scope))
        elif cross:
            carried.set("kind", "CROSS")
        else:
            raise refuse(join, "a join needs ON or USING")
        return carried

    @staticmethod
    def _using(join: exp.Join, before: set[str], scope: Scope) -> list[exp.Identifier]:
        if str(join.args.get("side") or "").upper() in ("RIGHT", "FULL"):
            raise refuse(join, "USING is carried for inner and left joins: write ON")
        added = list(scope.relations.values())[-1]
        names = [name.name.lower() for name in join.args["using"]]
        for name in names:
            if name not in before or not added.find(name):
                raise refuse(join, f"USING ({name}): both sides must have the column")
            scope.merged.add(name)
        return [quoted(name) for name in names]

    def _arrays(self, node: exp.Unnest, scope: Scope) -> list[Typed]:
        context = Context(scope, "UNNEST", fuse=False)
        arrays = [self._compiler.typed(each, context) for each in node.expressions]
        for value in arrays:
            if value.type.name != "array":
                raise refuse(node, f"UNNEST takes arrays, not {value.type}")
        return arrays

    @staticmethod
    def _unnested(node: exp.Unnest, kinds: list[Type]) -> tuple[str, list[Column]]:
        """The alias and the columns of UNNEST(…) AS alias (names)."""
        written = node.args.get("alias")
        names = [] if written is None else [name.name.lower() for name in written.args.get("columns") or []]
        offset = node.args.get("offset")
        if isinstance(offset, exp.Expr):
            names.append(offset.name.lower())
        if offset:
            kinds = [*kinds, BIGINT]
        if written is None or len(names) != len(kinds):
            raise refuse(node, f"UNNEST here needs an alias with {len(kinds)} columns: AS t (a, …)")
        return written.name.lower(), [Column(name, kind, name) for name, kind in zip(names, kinds, strict=True)]

    def _beside(self, node: exp.Unnest, scope: Scope, source: exp.Expr) -> exp.Expr:
        """Unnest into columns beside the only relation's own."""
        arrays = self._arrays(node, scope)
        alias, columns = self._unnested(node, [value.type.element for value in arrays])
        holder = next(iter(scope.relations.values()))
        reach = {name: (holder.alias, f"{name} of {alias}") for name in _names(columns)}
        scope.add(Relation(alias, columns, reach=reach, picks=holder.picks), node)
        unnested = [
            exp.alias_(call("unnest", value.node), reach[column.name or ""][1], quoted=True)
            for value, column in zip(arrays, columns, strict=True)
        ]
        inner = exp.select(exp.Star(), *unnested, copy=False).from_(source.copy(), copy=False)
        return inner.subquery(alias=quoted(holder.alias), copy=False)

    def _lateral(self, node: exp.Unnest, scope: Scope) -> exp.Expr:
        """Unnest by a lateral query, as SQL says it."""
        arrays = self._arrays(node, scope)
        alias, columns = self._unnested(node, [value.type.element for value in arrays])
        nodes = [call("unnest", value.node) for value in arrays]
        if len(columns) > len(arrays):
            longest = ", ".join(f"coalesce(len(_{place}), 0)" for place in range(1, len(arrays) + 1))
            template = f"unnest(generate_series(1, greatest({longest})))"
            nodes.append(build(template, *(value.node for value in arrays)))
        selected = [
            exp.alias_(each, column.name or "", quoted=True) for each, column in zip(nodes, columns, strict=True)
        ]
        scope.add(Relation(alias, columns), node)
        query = exp.select(*selected, copy=False).subquery(copy=False)
        return exp.Lateral(this=query, alias=exp.TableAlias(this=quoted(alias)))


def _names(columns: Sequence[Column]) -> list[str]:
    return [column.name for column in columns if column.name is not None]


def _only_table(node: exp.Table) -> None:
    for name, value in node.args.items():
        if value and name not in ("this", "alias", "db", "catalog"):
            raise refuse(node, f"`{node.sql('trino')}` is not carried in FROM")


def _only_join(join: exp.Join) -> None:
    if join.args.get("method"):
        raise refuse(join, f"{join.args['method']} JOIN is not carried: write ON or USING")
    if str(join.args.get("kind") or "").upper() not in ("", "INNER", "OUTER", "CROSS"):
        raise refuse(join, f"Athena has no {join.args['kind']} JOIN")
    if isinstance(join.this, exp.Lateral):
        raise refuse(join, "LATERAL is not carried")
