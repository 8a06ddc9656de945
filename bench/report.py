"""The table, and the facts about the machine without which it says nothing."""

from __future__ import annotations

import os
import platform
import statistics
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.contestants import Contestant
    from bench.dataset import Dataset
    from bench.measure import Measurement

HEADER = (
    "| contestant | wall, median (s) | min-max (s) | CPU (s) | peak (MB) | to bare statement | to `cat` |\n"
    "|---|---:|---:|---:|---:|---:|---:|"
)


def table(data: Dataset, runs: Mapping[Contestant, Sequence[Measurement]], loads: Sequence[float]) -> str:
    """Return a Markdown section for one dataset.

    Args:
        data: What was worked on.
        runs: Every counted run of every contestant.
        loads: The machine's one-minute load averages, before every round and after the last.
    """
    account = data.account
    walls = {who.name: statistics.median(run.wall_s for run in taken) for who, taken in runs.items()}
    rows = []
    for who, taken in runs.items():
        wall = walls[who.name]
        seconds = [run.wall_s for run in taken]
        cells = (
            who.title,
            f"{wall:.2f}",
            f"{min(seconds):.2f}-{max(seconds):.2f}",
            f"{statistics.median(run.cpu_s for run in taken):.1f}",
            f"{max(run.peak_mb for run in taken):.0f}",
            _ratio(wall, walls.get("duckdb")),
            _ratio(wall, walls.get("cat")),
        )
        rows.append("| " + " | ".join(cells) + " |")
    count = len(next(iter(runs.values())))
    size = account["stored_bytes"]
    facts = (
        f"{account['lines']:,} lines, {account['duplicates']:,} redelivered, in {account['objects']:,} "
        f"objects, {size / 1e9:.2f} GB, {size / account['lines']:.0f} bytes a line; "
        f"{count} runs each, in turns; "
        f"load average {min(loads):.1f} to {max(loads):.1f}."
    )
    return "\n".join((f"### {data.name}", "", facts, "", HEADER, *rows, ""))


def machine() -> str:
    """Return what the figures were taken on, as one line of Markdown."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("usagelake", "duckdb", "polars", "orjson"))
    return (
        f"Machine: {_processor()}, {os.cpu_count()} cores, {memory_gb:.0f} GB of memory, "
        f"{platform.system()} {platform.release()}; Python {platform.python_version()}, {versions}. "
        "Local disk, page cache warm; DuckDB's bare statement runs with 2 threads."
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _ratio(wall: float, other: float | None) -> str:
    return "" if other is None else f"{wall / other:.2f}"
