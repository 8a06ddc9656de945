"""The statement that gives a table other rows, in one commit.

Athena has no CREATE OR REPLACE TABLE, and what deletes first and inserts then shows readers an empty table. One MERGE
takes out the rows that are not wanted any more and puts in those that are new; what stays is not touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from usagelake.engines.dialect import to_athena

if TYPE_CHECKING:
    from usagelake.domain.schema import Table


def replacement(table: Table, source: str) -> str:
    """Write the MERGE after which a table holds the rows of another, each once.

    Args:
        table: The table.
        source: A table of JSON lines, each an array of the row's values as texts, in the table's order.
    """
    wanted, there = _wanted(table, source), _rows(table)
    new = exp.select("*", exp.alias_(exp.false(), "gone")).from_(
        exp.Subquery(this=exp.except_(wanted, there), alias=exp.TableAlias(this=exp.to_identifier("new")))
    )
    gone = exp.select("*", exp.alias_(exp.true(), "gone")).from_(
        exp.Subquery(this=exp.except_(there, wanted), alias=exp.TableAlias(this=exp.to_identifier("old")))
    )
    merge = exp.merge(
        exp.When(matched=True, then=exp.var("DELETE")),
        exp.When(
            matched=False,
            condition=exp.Not(this=exp.column("gone", table="s")),
            then=exp.Insert(
                this=exp.Tuple(expressions=[exp.to_identifier(name) for name in table.column_names]),
                expression=exp.Tuple(expressions=[exp.column(name, table="s") for name in table.column_names]),
            ),
        ),
        into=exp.alias_(exp.to_table(table.name), "t", table=True),
        using=exp.Subquery(
            this=exp.union(new, gone, distinct=False), alias=exp.TableAlias(this=exp.to_identifier("s"))
        ),
        on=exp.and_(exp.column("gone", table="s"), *(_same(table, name) for name in table.column_names)),
    )
    return to_athena(merge)


def _rows(table: Table) -> exp.Select:
    return exp.select(*(exp.column(name) for name in table.column_names)).from_(exp.to_table(table.name))


def _wanted(table: Table, source: str) -> exp.Select:
    """Read the JSON lines, typed as the table's columns are."""
    values = [
        exp.alias_(
            exp.cast(
                exp.func("json_extract_scalar", exp.column("document"), exp.Literal.string(f"$[{number}]")),
                staged_type(str(column.type)),
                dialect="trino",
            ),
            column.name,
        )
        for number, column in enumerate(table.columns)
    ]
    parsed = exp.select(exp.alias_(exp.func("json_parse", exp.column("line")), "document")).from_(exp.to_table(source))
    return exp.select(*values).from_(parsed.subquery("parsed"))


def _same(table: Table, name: str) -> exp.Expr:
    """Compare a column of both sides; NULL is the same as NULL."""
    theirs, ours = exp.column(name, table="t"), exp.column(name, table="s")
    same = exp.EQ(this=theirs, expression=ours)
    if not next(column.nullable for column in table.columns if column.name == name):
        return same
    neither = exp.and_(
        exp.Is(this=theirs.copy(), expression=exp.null()), exp.Is(this=ours.copy(), expression=exp.null())
    )
    return exp.paren(exp.or_(same, neither))


def staged_type(kind: str) -> str:
    """Tell the type that a column has in an Iceberg table: those know one timestamp and no small integers.

    Example:
        >>> [staged_type(kind) for kind in ("timestamp", "timestamp(3)", "smallint", "unknown", "decimal(38,0)")]
        ['timestamp(6)', 'timestamp(6)', 'integer', 'varchar', 'decimal(38,0)']
    """
    plain = kind.partition("(")[0]
    if plain == "timestamp" and "zone" not in kind:
        return "timestamp(6)"
    return {"tinyint": "integer", "smallint": "integer", "unknown": "varchar", "char": "varchar"}.get(plain, kind)
