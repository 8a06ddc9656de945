"""What the project asks of an engine: take in landing objects, run a statement, fetch rows, publish a table.

Services talk to this and to nothing behind it, so that they cannot know which engine runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from usagelake.domain.landing import Source
    from usagelake.engines.sql_file import SqlFile
    from usagelake.storage import ObjectInfo, Storage


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An object that could not be opened at all: it is not taken, and is tried again next time.

    Attributes:
        key: The object's key.
        message: What happened, and where.
    """

    key: str
    message: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Landing objects that the engine's landing relations show at the moment.

    Attributes:
        objects: How many objects the batch holds.
        size: Their size in bytes.
        sources: What they hold.
        unreadable: Objects that were to be part of it and could not be opened.
    """

    objects: int
    size: int
    sources: frozenset[Source]
    unreadable: tuple[Unreadable, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """The result of a query.

    Attributes:
        columns: The columns' names.
        types: The columns' types, in the engine's words.
        rows: The rows, as tuples of Python values.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Engine(Protocol):
    """A place where the project's SQL runs. Statements are Athena's dialect; the engine carries them over."""

    @property
    def version(self) -> str:
        """The engine and its version, as evidence names it: `duckdb 2.0.0`."""

    @property
    def windows_at_most(self) -> int:
        """In how many windows stale hours are rolled up at most: a window more is a statement more per meter."""

    def exclusive(self, clock: Callable[[], datetime]) -> AbstractContextManager[Callable[[], None]]:
        """Keep every other run from changing the lake. What it gives is called now and then while the work goes on.

        Args:
            clock: Tells the time, as an aware datetime.

        Raises:
            LakeBusyError: Another run is at work; or, when it is told that the work goes on, has taken over.
        """

    def take_in(self, storage: Storage, objects: Sequence[ObjectInfo]) -> Iterator[Batch]:
        """Show landing objects to SQL, batch by batch, each object once.

        While a batch is out, `landing_api_requests` and `landing_billing_events` (object_key, line, fault)
        hold its lines and `batch_objects` (object_key, etag, bytes, version) its objects. `fault` is the
        reason for a line that could not even be read as text, and NULL otherwise.
        """

    def stage(self, name: str, query: SqlFile, values: Mapping[str, object] | None = None) -> None:
        """Keep the rows of a query under a name, for the statements that follow."""

    def execute(self, statement: SqlFile, values: Mapping[str, object] | None = None) -> None:
        """Run a statement that changes tables."""

    def fetch(self, query: SqlFile, values: Mapping[str, object] | None = None) -> Rows:
        """Run a query and bring all its rows."""

    def export(self, query: SqlFile, values: Mapping[str, object] | None, path: Path, file_format: str) -> None:
        """Run a query and write its rows to a local file (`parquet`, `csv` or `ndjson`)."""

    def publish(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Replace the rows of a table of the schema by these, at once."""

    def append(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows to a table of the schema, by one change: a reader sees all of them or none.

        Instants are in UTC and without a zone, as the tables hold them. No rows change nothing.
        """

    def transaction(self) -> AbstractContextManager[None]:
        """Make the statements within one change, where the engine can; each is idempotent where it cannot."""
