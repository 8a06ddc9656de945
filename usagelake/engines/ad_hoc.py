"""A query that somebody has typed: one SELECT in Athena's dialect, and nothing that could write."""

from __future__ import annotations

import hashlib

from sqlglot import exp

from usagelake.engines.dialect import check_read_only, parse_statement
from usagelake.engines.sql_file import SqlFile


def ad_hoc(text: str) -> SqlFile:
    """Read a typed query.

    Args:
        text: One SELECT; one `;` may end it.

    Raises:
        ConfigurationError: It is not exactly one query, or not Athena's SQL.
    """
    tree = parse_statement(text, origin="--sql")
    check_read_only(tree)
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    return SqlFile(
        name="--sql",
        kind="analyst",
        title="",
        description="",
        grain="",
        owner="",
        params={},
        text=text,
        digest="sha256:" + hashlib.sha256(text.encode()).hexdigest(),
        tree=tree,
        origin="--sql",
        tables=frozenset(table.name.lower() for table in tree.find_all(exp.Table)) - own,
    )
