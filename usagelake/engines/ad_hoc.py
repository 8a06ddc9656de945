"""A query that somebody has typed: one SELECT in Athena's dialect, and nothing that could write."""

from __future__ import annotations

import hashlib

from usagelake.engines.dialect import check_read_only
from usagelake.engines.sql_file import SqlFile


def ad_hoc(text: str) -> SqlFile:
    """Read a typed query.

    Args:
        text: One SELECT; one `;` may end it.

    Raises:
        ConfigurationError: It is not exactly one query, or not Athena's SQL.
    """
    query = SqlFile(
        name="--sql",
        kind="analyst",
        title="",
        description="",
        grain="",
        owner="",
        params={},
        text=text,
        digest="sha256:" + hashlib.sha256(text.encode()).hexdigest(),
        origin="--sql",
    )
    check_read_only(query.tree)
    return query
