"""A SQL file as the text that Trino and Athena run: as it is, with its values set and its relations found.

Values are typed literals on the syntax tree and not bound: neither engine binds any in MERGE, and Trino's client writes
bound values into the text as well. A working relation is given the name that it has where it lies, or is the query that
shows it; a view becomes the query that it is, so that reading needs no right to make one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect import to_athena
from usagelake.engines.parameters import bind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usagelake.engines.sql_file import SqlFile


class Relations:
    """What a name in a statement stands for, where it is no table of the lake."""

    def __init__(self) -> None:
        self._places: dict[str, exp.Table] = {}
        self._queries: dict[str, exp.Expression] = {}

    def place(self, name: str, catalog: str, schema: str) -> None:
        """Say in which catalog and schema a working relation lies."""
        self._places[name] = exp.table_(name, db=schema, catalog=catalog)

    def name(self, name: str, table: str) -> None:
        """Say which table of the lake's own schema a working relation is."""
        self._places[name] = exp.table_(table)

    def show(self, name: str, query: exp.Expression) -> None:
        """Say which query a working relation is; what it reads stands in it as it lies."""
        self._queries[name] = query

    def has(self, name: str) -> bool:
        """Tell whether a working relation of this name is there."""
        return name in self._places

    def define(self, view: SqlFile) -> None:
        """Say what a view is; the views that it reads are defined before."""
        self._queries[view.name] = self._resolved(bind(view.tree, view.params))

    def text(self, file: SqlFile, values: Mapping[str, object] | None = None) -> str:
        """Write a statement.

        Args:
            file: The statement.
            values: Its parameters' values.

        Raises:
            ConfigurationError: A value is missing or of another type.
        """
        return to_athena(self.tree(file, values))

    def tree(self, file: SqlFile, values: Mapping[str, object] | None = None) -> exp.Expression:
        """Give a statement as `text` writes it, to be built upon.

        Raises:
            ConfigurationError: A value is missing or of another type.
        """
        return self._resolved(bind(file.tree, file.params, values, origin=f"{file.kind}/{file.name}"))

    def view_text(self, name: str) -> str:
        """Write the query that a view is."""
        return to_athena(self._queries[name])

    def _resolved(self, tree: exp.Expression) -> exp.Expression:
        """Resolve the names of a tree that is ours to change."""
        common = {query.alias.lower() for query in tree.find_all(exp.CTE)}
        for table in list(tree.find_all(exp.Table)):
            name = table.name.lower()
            if table.args.get("db") is not None or name in common:
                continue
            if name in self._queries:
                table.replace(exp.Subquery(this=self._queries[name].copy(), alias=_alias(table)))
            elif name in self._places:
                place = self._places[name]
                if place.name != name:
                    table.set("alias", _alias(table))
                for part in ("this", "db", "catalog"):
                    found = place.args.get(part)
                    table.set(part, None if found is None else found.copy())
        return tree


def _alias(table: exp.Table) -> exp.Expression:
    """Give the name that columns of a table are called by."""
    alias: exp.Expression | None = table.args.get("alias")
    return exp.TableAlias(this=exp.to_identifier(table.name)) if alias is None else alias.copy()
