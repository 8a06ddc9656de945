"""A run's own corner of a lake on Athena: files below its work location, and tables of its own name that show them.

Two runs never share one. What a run has put there is taken out of the catalogue at its end, and by a later run where
it was killed; the files themselves are left to the location's lifecycle rule, because storage has no delete.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from usagelake.engines.athena.pace import CALL_ATTEMPTS, pauses
from usagelake.errors import EngineError, StorageUnavailableError
from usagelake.storage import open_location

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from usagelake.engines.athena.catalogue import Catalogue
    from usagelake.engines.athena.config import AthenaConfig
    from usagelake.engines.athena.pace import Pace
    from usagelake.storage import Storage

LEFT_BEHIND_AFTER = timedelta(days=1)
"""A work table that is older belongs to no run that lives."""

_STAMP = "%Y%m%d%H%M%S"
_PREFIX = "work_"
_GZIP = "application/gzip"


class WorkArea:
    """A run's corner.

    Args:
        config: Where the lake is.
        catalogue: Its tables.
        pace: How a put is tried again.
        nonce: Tells this run from every other.
        began: When it began.
    """

    def __init__(self, config: AthenaConfig, catalogue: Catalogue, pace: Pace, *, nonce: str, began: datetime) -> None:
        self._catalogue = catalogue
        self._pace = pace
        self._began = began.astimezone(UTC)
        self._run = f"{_PREFIX}{self._began:{_STAMP}}_{nonce}"
        self.location = f"{config.work}/{self._run}"
        self._store: Storage = open_location(self.location)
        self._tables: dict[str, str] = {}
        self._number = 0
        self._swept = False

    def claim(self, name: str) -> tuple[str, str]:
        """Give a new table's name and the place for its files, in the stead of the table shown under this name.

        Args:
            name: What the table is called in SQL files.
        """
        self._sweep()
        self.hide(name)
        self._number += 1
        table = f"{self._run}_{self._number}_{name}"
        self._tables[name] = table
        return table, f"{self.location}/{self._number}-{name}"

    def folder(self, name: str) -> str:
        """Give a place for files that no table shows."""
        self._number += 1
        return f"{self.location}/{self._number}-{name}"

    def show(self, name: str, columns: Mapping[str, str], files: Iterable[bytes]) -> str:
        r"""Make a table of text files, in the stead of the one that was shown under this name; give its name.

        Args:
            name: What the table is called in SQL files.
            columns: Its columns, each with Hive's type.
            files: Each is gzip'ed text: lines, whose columns `\x01` stands between.

        Raises:
            EngineError: Glue refuses the table.
            StorageError: The work location cannot be written.
        """
        table, location = self.claim(name)
        for number, body in enumerate(files):
            self._put(f"{location.removeprefix(self.location)[1:]}/{number:05}.gz", body)
        self._catalogue.show_lines(table, columns, location)
        return table

    def hide(self, name: str) -> None:
        """Take the table that is shown under a name out of the catalogue."""
        table = self._tables.pop(name, None)
        if table is not None:
            self._catalogue.forget([table])

    def close(self) -> None:
        """Take all tables out of the catalogue; where that fails, a later run will."""
        if self._tables:
            with suppress(EngineError):
                self._catalogue.forget(self._tables.values())
            self._tables.clear()

    def _put(self, key: str, body: bytes) -> None:
        for _, pause in zip(range(CALL_ATTEMPTS - 1), pauses(), strict=False):
            try:
                self._store.put_if_absent(key, body, content_type=_GZIP, metadata={})
            except StorageUnavailableError:
                self._pace.sleep(pause)
            else:
                return
        self._store.put_if_absent(key, body, content_type=_GZIP, metadata={})

    def _sweep(self) -> None:
        """Take out of the catalogue what killed runs have left."""
        if self._swept:
            return
        self._swept = True
        oldest = f"{_PREFIX}{self._began - LEFT_BEHIND_AFTER:{_STAMP}}"
        with suppress(EngineError):  # another run sweeps it at the same time
            self._catalogue.forget(name for name in self._catalogue.tables_called(f"{_PREFIX}[0-9].*") if name < oldest)


def json_lines(rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    r"""Write rows as lines, each a JSON array of texts and nulls: no value can end a line or a column.

    Example:
        >>> list(json_lines([("a\nb", 7, None)]))
        [b'["a\\nb", "7", null]\n']
    """
    for row in rows:
        yield json.dumps([_text(value) for value in row], ensure_ascii=False).encode() + b"\n"


def _text(value: object) -> str | None:
    """Write a value as SQL casts a text."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        plain = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
        return plain.isoformat(sep=" ", timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else str(value)
