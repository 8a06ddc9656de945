"""The benchmark: everybody does the same work on the same objects, in turns, and must agree.

Usage: python -m bench.run [--events N …] [--layout 2mb|50 …] [--contestants NAME …] [--runs N] [--out FILE]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.contestants import BILLS, NAMES, contestants
from bench.dataset import LAYOUTS, dataset
from bench.measure import ContestantError, measure
from bench.report import machine, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.contestants import Contestant
    from bench.dataset import Dataset
    from bench.measure import Measurement

ROOT = Path(__file__).parents[1]
OUT = Path(__file__).parent / "out"


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, nargs="+", default=[1_000_000, 10_000_000], metavar="N")
    parser.add_argument("--layout", nargs="+", choices=LAYOUTS, default=list(LAYOUTS))
    parser.add_argument("--contestants", nargs="+", choices=NAMES, default=list(NAMES), metavar="NAME")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each (default 5)")
    parser.add_argument("--pricing", type=Path, default=ROOT / "pricing")
    parser.add_argument("--usagelake", default=str(Path(sys.executable).parent / "usagelake"))
    parser.add_argument("--out", type=Path, help="also write the tables to this file")
    chosen = parser.parse_args(given)
    billing = {bill.name for bill in BILLS} & set(chosen.contestants)
    if billing and shutil.which(chosen.usagelake) is None:
        parser.error(f"there is no {chosen.usagelake}: install the package, or leave out {sorted(billing)}")
    if chosen.runs < 1:
        parser.error("give at least one run")
    return chosen


def compete(data: Dataset, chosen: argparse.Namespace, scratch: Path) -> str:
    """Let the contestants run in turns, A B C and again A B C; return the table.

    Raises:
        ContestantError: When one of them fails or does not find what the simulator made.
    """
    field = contestants(data, chosen.contestants, scratch, program=chosen.usagelake, pricing=chosen.pricing.resolve())
    runs: dict[Contestant, list[Measurement]] = {contestant: [] for contestant in field}
    loads = []
    for number in range(chosen.runs + 1):
        loads.append(os.getloadavg()[0])
        for contestant in field if number else field[:1]:
            contestant.prepare()
            taken, printed = measure(contestant.command(), contestant.scratch)
            contestant.check(printed)
            counted = f"run {number}" if number else "warm-up"
            print(
                f"{data.name}: {counted}, {contestant.name}: {taken.wall_s:.2f} s, {taken.peak_mb:.0f} MB",
                file=sys.stderr,
            )
            if number:
                runs[contestant].append(taken)
    loads.append(os.getloadavg()[0])
    return table(data, runs, loads)


def main(given: Sequence[str] | None = None) -> int:
    """Make the data, run everything, print the tables."""
    chosen = arguments(given)
    sections = [machine(), ""]
    for events in chosen.events:
        for layout in chosen.layout:
            data = dataset(events, layout)
            scratch = OUT / f"{events}-{layout}"
            shutil.rmtree(scratch, ignore_errors=True)
            try:
                sections.append(compete(data, chosen, scratch))
            except ContestantError as error:
                print(f"bench: {error}", file=sys.stderr)
                return 1
            shutil.rmtree(scratch, ignore_errors=True)
    report = "\n".join(sections)
    print(report)
    if chosen.out is not None:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(report, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
