"""What each statement would scan on Athena: the bytes of exactly the columns that it reads.

DuckDB takes a landing in, as the main job does, and writes every table as Parquet with zstd, as Athena keeps its
Iceberg tables, and what is staged on the way as well. A statement scans its columns' chunks, as the files' own
metadata tell their sizes, as often as it names a table; raw, it would scan the landing's lines whole. Windows and
partitions are left out: a figure is for one pass over all that the landing holds.

Usage: python -m bench.athena_bytes [--events N … | --landing DIR] [--out FILE]
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from bench.scans import scans
from usagelake.domain.landing import Source, is_landing_object, source_of
from usagelake.domain.schema import TABLES
from usagelake.engines import load_queries, working_schema
from usagelake.engines.ad_hoc import ad_hoc
from usagelake.engines.duckdb import DuckDBEngine
from usagelake.engines.working_schema import landing_relation
from usagelake.services.cloud_prices import load_cloud_prices
from usagelake.services.ingest import ingest
from usagelake.services.progress import Silent
from usagelake.services.roll_up import roll_up
from usagelake.storage import open_location

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.scans import Scan
    from usagelake.domain.estimate.price_list import PriceList
    from usagelake.engines import QueryLibrary, SqlFile
    from usagelake.engines.dialect import Schema

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).parent / "data"
OUT = Path(__file__).parent / "out"

KINDS = ("landing", "events", "meters", "rollup", "billing", "analyst", "audits")


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
    """Take a landing in and weigh what comes of it."""
    shutil.rmtree(scratch, ignore_errors=True)
    found = Measured(name)
    for path in landing.rglob("*"):
        key = str(path.relative_to(landing))
        if path.is_file() and is_landing_object(key):
            text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" and _sound(path) else path.read_bytes()
            found.objects += 1
            found.lines[source_of(key)] += len(text)
            found.packed[source_of(key)] += len(gzip.compress(text, 6))
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
    shutil.rmtree(scratch)
    return found


def _sound(path: Path) -> bool:
    try:
        gzip.decompress(path.read_bytes())
    except (OSError, EOFError):
        return False
    return True


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


def simulated(events: int) -> Path:
    """Give a landing of so many events, half of them requests; it is made when it is not there yet."""
    folder = DATA / f"athena-{events}"
    if not (folder / "expected.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"making {folder}", file=sys.stderr)
        made = "import sys; from pathlib import Path; from usagelake.simulation.options import SimulationOptions as O; "
        made += "from usagelake.simulation.simulate import simulate; n, f = int(sys.argv[1]), Path(sys.argv[2]); "
        made += "simulate(O(api_requests=n - n // 2, billing_events=n // 2), f / 'landing', "
        made += "expected_file=f / 'expected.json')"
        subprocess.run([sys.executable, "-c", made, str(events), str(folder)], check=True, cwd=ROOT)
    return folder / "landing"


def summary(found: Measured) -> str:
    """Say in a line what a landing holds, and what became of it."""
    counted = ", ".join(f"{found.events[source]:,} {source}" for source in Source if found.events[source])
    kept = sum(found.columns[source].total() for source in Source)
    return (
        f"- **{found.name}**: {counted}, in {found.objects:,} objects; {_mb(found.lines.total())} of lines "
        f"({_mb(found.packed.total())} as gzip packs them), {_mb(kept)} as event tables, "
        f"{_mb(found.columns['usage_hourly'].total())} as usage_hourly, "
        f"{_mb(found.columns['ingested_objects'].total())} as ingested_objects."
    )


def table(measured: Sequence[Measured], queries: QueryLibrary, schema: Schema, prices: PriceList) -> str:
    """Write what each statement scans, in bytes an event, as Markdown; that of the last landing is split, and priced."""
    heads = "".join(f" {found.name}: raw | as run |" for found in measured)
    lines = [
        f"| statement | scans (columns) |{heads} batch | tables | USD per million, raw | as run |",
        f"|---|---|{'---:|---:|' * len(measured)}---:|---:|---:|---:|",
    ]
    for file in queries.all(*KINDS):
        found = scans(file, queries, schema)
        if not any(scan.table in TABLES or scan.table.startswith("land") for scan in found):
            continue
        weighed = [Weighed.of(each, found) for each in measured]
        last = weighed[-1]
        if not last.events:
            continue
        cells = [cell for each in weighed for cell in (each.shown(each.raw), each.shown(each.batch + each.tables))]
        price = prices["athena.scanned"]
        cells += [last.shown(last.batch), last.shown(last.tables)]
        cells += [f"{price.cost(size) * 10**6 / last.events:.6f}" for size in (last.raw, last.batch + last.tables)]
        lines.append(f"| {file.kind}/{file.name} | {_shown(found)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _shown(found: Sequence[Scan]) -> str:
    """Name the tables with the number of columns of each scan."""
    times: dict[str, list[int]] = {}
    for scan in found:
        times.setdefault(scan.table, []).append(len(scan.columns))
    return ", ".join(f"{name} ({'+'.join(map(str, columns))})" for name, columns in times.items())


def _mb(size: int) -> str:
    return f"{Decimal(size) / 10**6:,.2f} MB"


def main(given: Sequence[str] | None = None) -> int:
    """Measure every landing, print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.athena_bytes", description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000], metavar="N", help="simulated events")
    parser.add_argument("--landing", type=Path, action="append", default=[], metavar="DIR", help="a landing of yours")
    parser.add_argument("--out", type=Path, help="also write the tables to this file")
    chosen = parser.parse_args(given)
    queries = load_queries()
    schema = working_schema(queries)
    places = [(path.parent.name, path) for path in chosen.landing]
    places += [(f"{events:,} simulated", simulated(events)) for events in chosen.events]
    measured = [measure(name, landing, queries, OUT / "athena") for name, landing in places]
    report = "\n".join([*map(summary, measured), "", table(measured, queries, schema, load_cloud_prices()), ""])
    print(report)
    if chosen.out is not None:
        chosen.out.write_text(report, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
