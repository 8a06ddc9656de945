"""Tables that a lake lacks because an older version made it: reading it goes on, but for what needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usagelake.domain.schema import TABLES
from usagelake.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Container

    from usagelake.engines.sql_file import SqlFile


class MissingTables:
    """What cannot be asked of a lake that is open for reading alone.

    Args:
        lake: The lake, for messages.
        found: The tables that it has.
        advice: How it comes to have the others.
    """

    def __init__(self, lake: str, found: Container[str], advice: str) -> None:
        self._lake = lake
        self._advice = advice
        self._missing = {table: {table} for table in TABLES if table not in found}

    def keeps_from(self, view: SqlFile) -> bool:
        """Tell whether a view cannot be made; whatever reads it is then refused as well."""
        missing = self._missing_for(view)
        if missing:
            self._missing[view.name] = missing
        return bool(missing)

    def refuse(self, query: SqlFile) -> None:
        """Refuse a query that reads what is not there.

        Raises:
            EngineError: It does; the tables are named, and what to do.
        """
        missing = self._missing_for(query)
        if missing:
            raise EngineError(
                f"{query.name}: the lake {self._lake} has no table {' or '.join(sorted(missing))} yet: an older "
                f"version of usagelake made it; {self._advice}"
            )

    def _missing_for(self, file: SqlFile) -> set[str]:
        return {table for name in file.tables for table in self._missing.get(name.lower(), ())}
