"""A landing, taken in by DuckDB and written as Athena would keep it, with the bytes of every column."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from usagelake.domain.landing import Source, is_landing_object, source_of
from usagelake.domain.schema import TABLES
from usagelake.engines.ad_hoc import ad_hoc
from usagelake.engines.duckdb import DuckDBEngine
from usagelake.engines.working_schema import landing_relation
from usagelake.services.ingest import ingest
from usagelake.services.progress import Silent
from usagelake.services.roll_up import roll_up
from usagelake.storage import open_location

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bench.scans import Scan
    from usagelake.engines import QueryLibrary, SqlFile


@dataclass
class Measured:
    """A landing, and what was made of it.

    Attributes:
        name: For people.
        events: Rows of each event table.
        lines: Bytes of the landing's lines, by source.
        packed: The same, as gzip packs them for the work area.
        objects: Landing objects.
        columns: Bytes of each column's chunks, by relation.
    """

    name: str
    events: Counter[Source] = field(default_factory=Counter)
    lines: Counter[Source] = field(default_factory=Counter)
    packed: Counter[Source] = field(default_factory=Counter)
    objects: int = 0
    columns: dict[str, Counter[str]] = field(default_factory=dict)

    def scanned(self, found: Sequence[Scan], *, batch: bool) -> int:
        """Add up the chunks that a statement scans: those of the batch at hand, or those of the tables."""
        total = 0
        for scan in found:
            source = next((source for source in Source if landing_relation(source) == scan.table), None)
            if (scan.table not in TABLES) != batch:
                continue
            if source is not None:  # of landing lines there is no column to choose
                total += self.packed[source]
            else:
                total += sum(self.columns.get(scan.table, Counter())[name] for name in scan.columns)
        return total

    def sources(self, found: Sequence[Scan]) -> list[Source]:
        """Tell whose lines a statement would need if there were only lines."""
        tables = {scan.table for scan in found}
        named = [source for source in Source if {source, f"landed_{source}", landing_relation(source)} & tables]
        return [source for source in named or Source if self.events[source]]


@dataclass(frozen=True)
class Weighed:
    """What one statement scans of one landing, in bytes.

    Attributes:
        events: Events of the sources that it reads.
        raw: Their lines.
        batch: What it scans of the batch at hand.
        tables: What it scans of the lake's tables.
    """

    events: int
    raw: int
    batch: int
    tables: int

    @classmethod
    def of(cls, measured: Measured, found: Sequence[Scan]) -> Weighed:
        """Weigh a statement's scans."""
        sources = measured.sources(found)
        return cls(
            events=sum(measured.events[source] for source in sources),
            raw=sum(measured.lines[source] for source in sources),
            batch=measured.scanned(found, batch=True),
            tables=measured.scanned(found, batch=False),
        )

    def shown(self, size: int) -> str:
        """Write bytes per event."""
        return f"{Decimal(size) / self.events:.1f}" if self.events else "-"


class RecordingEngine(DuckDBEngine):
    """DuckDB, which keeps whatever is staged as Parquet beside the lake."""

    def __init__(self, lake: Path, folder: Path) -> None:
        super().__init__(lake, memory_limit="2GB")
        self._folder = folder
        self._staged: Counter[str] = Counter()

    def stage(self, name: str, query: SqlFile, values: Mapping[str, object] | None = None) -> None:
        """Keep the rows for the statements that follow, and as a file."""
        super().stage(name, query, values)
        self.write(name, self._staged[name])
        self._staged[name] += 1

    def write(self, relation: str, number: int = 0) -> None:
        """Write a relation's rows in the order in which they lie."""
        (self._folder / relation).mkdir(parents=True, exist_ok=True)
        path = self._folder / relation / f"{number}.parquet"
        self.export(ad_hoc(f"SELECT * FROM {relation}"), None, path, "parquet")


def measure(name: str, landing: Path, queries: QueryLibrary, scratch: Path) -> Measured:
    """Take a landing in, within an empty folder, and weigh what comes of it."""
    found = Measured(name)
    packers = {source: zlib.compressobj(wbits=31) for source in Source}
    for path in sorted(landing.rglob("*")):
        key = str(path.relative_to(landing))
        if path.is_file() and is_landing_object(key):
            text, source = _text(path), source_of(key)
            found.objects += 1
            found.lines[source] += len(text)
            found.packed[source] += len(packers[source].compress(text))
    for source, packer in packers.items():
        found.packed[source] += len(packer.flush())
    files = scratch / "files"
    with RecordingEngine(scratch / "lake", files) as engine:
        for view in queries.views():
            engine.define_view(view)
        storage = open_location(str(landing))
        now = datetime(2026, 1, 1, tzinfo=UTC)
        ingest(engine, queries, storage, clock=lambda: now, progress=Silent())
        roll_up(engine, queries, clock=lambda: now, progress=Silent())
        for source in Source:
            found.events[source] = engine.fetch(ad_hoc(f"SELECT count(*) AS n FROM {source}")).rows[0][0]
        for table in TABLES:
            engine.write(table)
    for folder in files.iterdir():
        found.columns[folder.name] = _chunks(folder)
    return found


def _text(path: Path) -> bytes:
    """Read an object's lines; one that is damaged is taken as it is."""
    data = path.read_bytes()
    try:
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError):
        return data


def _chunks(folder: Path) -> Counter[str]:
    """Add up the compressed sizes of each column's chunks."""
    sizes: Counter[str] = Counter()
    for path in folder.glob("*.parquet"):
        metadata = pq.ParquetFile(path).metadata
        for group in range(metadata.num_row_groups):
            row_group = metadata.row_group(group)
            for column in range(row_group.num_columns):
                chunk = row_group.column(column)
                sizes[chunk.path_in_schema] += chunk.total_compressed_size
    return sizes
