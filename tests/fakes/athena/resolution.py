"""The names of a statement put in their places: what each table is, and a bare name that DuckDB finds it by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from tests.fakes.athena import hive
from tests.fakes.athena.errors import StatementError
from tests.fakes.athena.names import CATALOG
from tests.fakes.athena.statements import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from tests.fakes.athena.catalog import Catalog, GlueTable
    from tests.fakes.athena.objects import Objects
    from tests.fakes.athena.warehouse import Warehouse

_MAX_VIEWS = 50


@dataclass(slots=True)
class Resolved:
    """A statement whose tables are known.

    Attributes:
        tree: The statement, with bare names.
        tables: Bare name → table.
        target: The table that it changes.
    """

    tree: exp.Expr
    tables: dict[str, GlueTable] = field(default_factory=dict)
    target: GlueTable | None = None


class Resolver:
    """Finds what names mean.

    Args:
        catalog: Glue.
        database: The database of names without one.
    """

    def __init__(self, catalog: Catalog, database: str | None) -> None:
        self._catalog = catalog
        self._database = database

    def resolve(self, written: exp.Expr) -> Resolved:
        """Resolve a statement.

        Raises:
            StatementError: A name means nothing.
        """
        resolved = Resolved(written.copy())
        target = _target(resolved.tree)
        if target is not None:
            found = self._find(target, self._database)
            if not found.is_iceberg:
                raise StatementError(
                    "NOT_SUPPORTED: Modifying Hive table rows is only supported for transactional tables"
                    if not isinstance(written, exp.Insert)
                    else "NOT_SUPPORTED: this server inserts into Iceberg tables only"
                )
            resolved.target = found
            resolved.tables[found.name] = found
            _rename(target, found.name)
        self._resolve(resolved, self._database, target)
        return resolved

    def _resolve(self, resolved: Resolved, database: str | None, target: exp.Table | None) -> None:
        waiting = [(table, database, 0) for table in _tables(resolved.tree) if table is not target]
        common = {query.alias.lower() for query in resolved.tree.find_all(exp.CTE)}
        while waiting:
            table, default, depth = waiting.pop()
            found = self._find(table, default)
            if not found.is_view:
                _rename(table, _bare(resolved.tables, found, common))
                continue
            if depth > _MAX_VIEWS:
                raise StatementError(f"INVALID_VIEW: line 1:1: View '{found.name}' is recursive")
            text, schema = found.view
            body = parse(text)
            alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(found.name, quoted=True))
            inner = exp.Subquery(this=body, alias=alias.copy())
            table.replace(inner)
            common |= {query.alias.lower() for query in body.find_all(exp.CTE)}
            waiting += [(each, schema, depth + 1) for each in _tables(body)]

    def _find(self, table: exp.Table, default: str | None) -> GlueTable:
        catalog, database, name = table.catalog.lower(), table.db.lower() or default, table.name.lower()
        if catalog and catalog != CATALOG:
            raise StatementError(f"CATALOG_NOT_FOUND: line 1:1: Catalog '{catalog}' does not exist", kind=1006)
        if database is None:
            raise StatementError(
                "SCHEMA_NOT_FOUND: line 1:1: Schema must be specified when session schema is not set", kind=1006
            )
        found = self._catalog.find(database, name)
        if found is None and not self._catalog.has_database(database):
            raise StatementError(f"SCHEMA_NOT_FOUND: line 1:1: Schema '{database}' does not exist", kind=1006)
        if found is None:
            raise StatementError(
                f"TABLE_NOT_FOUND: line 1:1: Table '{CATALOG}.{database}.{name}' does not exist", kind=1006
            )
        return found


def prepare(
    resolved: Resolved, session: duckdb.DuckDBPyConnection, warehouse: Warehouse, objects: Objects, catalog: Catalog
) -> tuple[dict[str, Mapping[str, str]], int]:
    """Bring a statement's tables into a session's sight.

    Returns:
        The schema that the dialect judges by, and the bytes that the statement scans.

    Raises:
        StatementError: A table cannot be read.
    """
    iceberg = [table for table in resolved.tables.values() if table.is_iceberg]
    home = resolved.target or (iceberg[0] if iceberg else None)
    if home is not None:
        warehouse.enter(session, home.database)
    schema: dict[str, Mapping[str, str]] = {}
    scanned = 0
    read = {name.name.lower() for name in resolved.tree.find_all(exp.Column)}
    everything = any(star.find_ancestor(exp.Anonymous) is None for star in resolved.tree.find_all(exp.Star))
    for bare, table in resolved.tables.items():
        if not table.is_iceberg:
            scanned += hive.show(session, bare, table, objects, catalog)
            schema[bare] = hive.columns_of(table)
            continue
        schema[bare] = warehouse.columns(table)
        scanned += warehouse.size(table, set(schema[bare]) if everything else read)
        if home is not None and (table.database, table.name) != (home.database, bare):
            session.execute(f'CREATE TEMP VIEW "{bare}" AS SELECT * FROM memory."{table.database}"."{table.name}"')
    return schema, scanned


def _target(tree: exp.Expr) -> exp.Table | None:
    """Find the table that a statement changes."""
    if not isinstance(tree, (exp.Insert, exp.Merge, exp.Delete)):
        return None
    found = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return found if isinstance(found, exp.Table) else None


def _tables(tree: exp.Expr) -> list[exp.Table]:
    """Find the tables that are no query of a WITH."""
    common = {query.alias.lower() for query in tree.find_all(exp.CTE)}
    return [
        table
        for table in tree.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier) and (table.db or table.name.lower() not in common)
    ]


def _bare(tables: dict[str, GlueTable], found: GlueTable, common: set[str]) -> str:
    """Choose a bare name for a table that nothing else in the statement has."""
    for name in (found.name, f"{found.database}__{found.name}"):
        known = tables.get(name)
        if name in common or (known is not None and known.database != found.database):
            continue
        tables[name] = found
        return name
    raise StatementError(f"NOT_SUPPORTED: this server cannot tell {found.database}.{found.name} from another table")


def _rename(table: exp.Table, bare: str) -> None:
    """Give a table its bare name; the name that the statement knows it by stays."""
    alias = table.args.get("alias")
    if alias is None and table.name.lower() != bare:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
    table.set("this", exp.to_identifier(bare, quoted=True))
    table.set("db", None)
    table.set("catalog", None)
