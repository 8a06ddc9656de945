"""Names as DDL and DML write them: bare, in double quotes, in backticks, with a database and a catalog before."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.fakes.athena.errors import StatementError

CATALOG = "awsdatacatalog"
PART = r"""(?:`(?:[^`]|``)+`|"(?:[^"]|"")+"|\w+)"""
NAME = rf"{PART}(?:\s*\.\s*{PART}){{0,2}}"


@dataclass(frozen=True, slots=True)
class Name:
    """What a statement calls a table.

    Attributes:
        table: Its own name, in lower case.
        database: The database, where one is written.
    """

    table: str
    database: str | None = None

    def within(self, default: str | None) -> tuple[str, str]:
        """Give database and table.

        Raises:
            StatementError: No database is known.
        """
        database = self.database or default
        if database is None:
            raise StatementError(
                "SCHEMA_NOT_FOUND: line 1:1: Schema must be specified when session schema is not set", kind=1006
            )
        return database, self.table


def read_name(text: str) -> Name:
    """Read a name.

    Raises:
        StatementError: It names a catalog that is not there.
    """
    parts = [unquoted(part) for part in re.findall(PART, text)]
    if len(parts) > 2 and parts[0] != CATALOG:
        raise StatementError(f"CATALOG_NOT_FOUND: line 1:1: Catalog '{parts[0]}' does not exist", kind=1006)
    return Name(parts[-1], parts[-2] if len(parts) > 1 else None)


def unquoted(part: str) -> str:
    """Take the quotes off one part of a name."""
    quote = part[0]
    if quote in '`"':
        part = part[1:-1].replace(quote * 2, quote)
    return part.lower()
