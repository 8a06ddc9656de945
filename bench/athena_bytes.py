"""What each statement would scan on Athena: the bytes of exactly the columns that it reads.

DuckDB takes a landing in, as the main job does, and writes every table as Parquet with zstd, as Athena keeps its
Iceberg tables, and what is staged on the way as well. A statement scans its columns' chunks, as the files' own
metadata tell their sizes, as often as it names a table; raw, it would scan the landing's lines whole. Windows and
partitions are left out: a figure is for one pass over all that the landing holds.

Usage: python -m bench.athena_bytes [--events N … | --landing DIR] [--out FILE]
"""

from __future__ import annotations

import argparse
import shutil
import sys
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.scans import scans
from bench.weights import Weighed, measure
from usagelake.domain.landing import Source
from usagelake.domain.schema import TABLES
from usagelake.engines import load_queries, working_schema
from usagelake.services.cloud_prices import load_cloud_prices
from usagelake.simulation.options import SimulationOptions
from usagelake.simulation.simulate import simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.scans import Scan
    from bench.weights import Measured
    from usagelake.domain.estimate.price_list import PriceList
    from usagelake.engines import QueryLibrary
    from usagelake.engines.dialect import Schema

DATA = Path(__file__).parent / "data"
OUT = Path(__file__).parent / "out"

KINDS = ("landing", "events", "meters", "rollup", "billing", "analyst", "audits")


def simulated(events: int) -> Path:
    """Give a landing of so many events, half of them requests; it is made when it is not there yet."""
    folder = DATA / f"athena-{events}"
    if not (folder / "expected.json").exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"making {folder}", file=sys.stderr)
        options = SimulationOptions(api_requests=events - events // 2, billing_events=events // 2)
        simulate(options, folder / "landing", expected_file=folder / "expected.json")
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
    """Write what each statement scans, in bytes an event, as Markdown; the last landing's is split, and priced."""
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
    measured = []
    for name, landing in places:
        OUT.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=OUT) as scratch:
            measured.append(measure(name, landing, queries, Path(scratch)))
    report = "\n".join([*map(summary, measured), "", table(measured, queries, schema, load_cloud_prices()), ""])
    print(report)
    if chosen.out is not None:
        chosen.out.write_text(report, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
