"""What a name means at a place of a query: the relations in sight and their columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect.refusal import refuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from usagelake.engines.dialect.json_picks import JsonPicks
    from usagelake.engines.dialect.sql_types import Type


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation.

    Args:
        name: Its name in lower case; None when the query gives it none.
        type: Its Athena type.
        label: The name as it was written, for the result's head.
        is_json: Whether it holds nothing but NULL and texts that are valid JSON.
    """

    name: str | None
    type: Type
    label: str | None = None
    is_json: bool = False

    @property
    def hidden(self) -> bool:
        """Whether `SELECT *` leaves it out, as it does with `"$path"`."""
        return self.name is not None and self.name.startswith("$")


@dataclass(slots=True)
class Relation:
    """A relation in the FROM clause.

    Args:
        alias: The name it goes by, in lower case.
        columns: Its columns.
        reach: How a column of it is written for DuckDB, where that is not alias.name.
        picks: The JSON values that are read from its columns.
    """

    alias: str
    columns: Sequence[Column]
    reach: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    picks: JsonPicks | None = None

    def find(self, name: str) -> list[Column]:
        """The columns called `name`."""
        return [column for column in self.columns if column.name == name]

    def node(self, name: str) -> exp.Expr:
        """Write a column of it for DuckDB."""
        table, column = self.reach.get(name, (self.alias, name))
        return exp.column(quoted(column), table=quoted(table))


@dataclass(slots=True)
class Scope:
    """The relations that a query can name, and those around it.

    Args:
        parent: The query around this one, whose columns it may use as well.
        common: The queries that WITH has named so far.
        relations: What stands in FROM.
    """

    parent: Scope | None
    common: dict[str, Sequence[Column]]
    relations: dict[str, Relation] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)
    """Columns that a JOIN … USING has made one."""

    def add(self, relation: Relation, node: exp.Expr) -> None:
        """Bring a relation into sight."""
        if relation.alias in self.relations:
            raise refuse(node, f"two relations are called {relation.alias}: give one another alias")
        self.relations[relation.alias] = relation

    def resolve(self, node: exp.Column) -> tuple[Relation, Column]:
        """Find what a column's name means.

        Raises:
            RefusalError: There is no such column, or more than one.
        """
        name, table = node.name.lower(), node.table.lower()
        if node.args.get("db") is not None:
            raise refuse(node, f"write {node.table}.{node.name} without the database")
        scope: Scope | None = self
        while scope is not None:
            found = scope.matches(name, table)
            if len(found) == 1:
                return found[0]
            if found:
                raise refuse(node, f"column {node.name} is ambiguous: name its relation")
            if table and table in scope.relations:
                raise refuse(node, f"column {node.name}: {table} has {_names(scope.relations[table])}")
            scope = scope.parent
        known = "; ".join(f"{name} has {_names(relation)}" for name, relation in self.relations.items())
        missing = f"{node.table}.{node.name}" if table else node.name
        raise refuse(node, f"column {missing} is not there{': ' + known if known else ''}")

    def matches(self, name: str, table: str) -> list[tuple[Relation, Column]]:
        """The columns of this very scope that a name may mean."""
        relations = [self.relations[table]] if table in self.relations else []
        if not table:
            relations = list(self.relations.values())
        found = [(relation, column) for relation in relations for column in relation.find(name)]
        return found[:1] if not table and name in self.merged else found


def quoted(name: str) -> exp.Identifier:
    """Write a name for DuckDB, quoted, so that it is never a keyword."""
    return exp.to_identifier(name, quoted=True)


def renamed_columns(node: exp.Expr, columns: Sequence[Column], alias: exp.Expr | None) -> Sequence[Column]:
    """Give columns the names of `AS t (a, b)`, where it has some."""
    names = [] if alias is None else alias.args.get("columns") or []
    if not names:
        return columns
    if len(names) != len(columns):
        raise refuse(node, f"{len(names)} names for {len(columns)} columns")
    return [
        replace(column, name=name.name.lower(), label=name.name) for name, column in zip(names, columns, strict=True)
    ]


def table_alias(alias: str, written: exp.Expr | None, columns: Sequence[Column]) -> exp.TableAlias:
    """Write an alias for DuckDB, with names where the statement has some."""
    named = written is not None and written.args.get("columns")
    return exp.TableAlias(
        this=quoted(alias), columns=[quoted(column.name or "") for column in columns] if named else None
    )


def _names(relation: Relation) -> str:
    return ", ".join(column.name for column in relation.columns if column.name is not None) or "no named column"
