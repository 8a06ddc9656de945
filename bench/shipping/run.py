"""The shipping benchmark: what a handler costs its caller, how fast objects are uploaded, what the spool costs.

Usage: python -m bench.shipping.run [--rounds N] [--only emit|upload|spool …] [--peers-python FILE] [--folder DIR]

Everybody runs in a process of its own, in turns, A B C and again A B C; the tables hold medians over the rounds, and
ratios to the NullHandler, or to the bare client, of the same round. The store is `stub.py`, which keeps nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from bench.shipping.events import event_line
from bench.shipping.handlers import EMITTERS, ENVIRONMENT, NULL
from bench.shipping.stub import Stub

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
CLIENTS = ("boto3", "obstore")
HOW = {"bare": "bare client", "memory": "no spool", "sealed": "`sealed`", "every-event": "`every-event`"}
OBJECT_EVENTS = 50


class Bench:
    """Runs the measuring processes.

    Args:
        chosen: The command line.
        endpoint_url: Of the stub.
    """

    def __init__(self, chosen: argparse.Namespace, endpoint_url: str) -> None:
        self._chosen = chosen
        self._endpoint_url = endpoint_url

    def emit(self) -> str:
        """Measure what `info` takes; return a table."""
        runs: dict[tuple[str, int], list[dict[str, float]]] = defaultdict(list)
        for number in range(self._chosen.rounds):
            for threads in (1, 4):
                for handler in EMITTERS:
                    python = self._chosen.peers_python if handler.peer else sys.executable
                    options = ("--handler", handler.name, "--threads", str(threads))
                    runs[handler.name, threads].append(self._measure(python, "emit", *options))
                    self._tell(number, f"emit, {handler.name}, {threads} threads", runs[handler.name, threads][-1])
        rows = []
        for threads in (1, 4):
            null = runs[NULL.name, threads]
            for handler in EMITTERS:
                taken = runs[handler.name, threads]
                figures = [f"{_median(taken, name):.1f}" for name in ("p50", "mean", "p99")]
                ratio = statistics.median(one["p50"] / base["p50"] for one, base in zip(taken, null, strict=True))
                rows.append((str(threads), handler.title, *figures, f"{ratio:.2f}"))
        return _table(("threads", "handler", "p50 (µs)", "mean (µs)", "p99 (µs)", "p50 to NullHandler"), rows)

    def upload(self) -> str:
        """Measure how fast objects are sealed and put; return a table."""
        runs: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
        for number in range(self._chosen.rounds):
            for client in CLIENTS:
                for how in HOW:
                    options = ("--client", client, "--how", how, "--objects", str(self._chosen.objects))
                    runs[client, how].append(self._measure(sys.executable, "upload", *options))
                    self._tell(number, f"upload, {client}, {how}", runs[client, how][-1])
        rows = []
        for client in CLIENTS:
            for how, title in HOW.items():
                taken = runs[client, how]
                rate = _median(taken, "objects_per_s")
                pairs = zip(taken, runs[client, "bare"], strict=True)
                ratio = statistics.median(one["objects_per_s"] / base["objects_per_s"] for one, base in pairs)
                cpu = _median(taken, "cpu_ms")
                rows.append(
                    (client, title, f"{rate:,.0f}", f"{rate * OBJECT_EVENTS:,.0f}", f"{cpu:.2f}", f"{ratio:.2f}")
                )
        return _table(("client", "", "objects/s", "events/s", "CPU (ms an object)", "to the bare client"), rows)

    def spool(self) -> str:
        """Measure the spool; return a table."""
        runs = [self._measure(sys.executable, "spool_cost", endpoint=False) for _ in range(self._chosen.rounds)]
        titles = {
            "write": "`sealed`: write, fsync and rename a batch of 50",
            "remove": "forget a delivered batch",
            "append": "`every-event`: append 50 events",
            "append_and_sync": "the same, and fsync",
        }
        rows = [(title, f"{_median(runs, name):.3f}") for name, title in titles.items()]
        return _table(("", "median (ms)"), rows)

    def _measure(self, python: str, module: str, *options: str, endpoint: bool = True) -> dict[str, float]:
        folder = tempfile.mkdtemp(prefix="bench-", dir=self._chosen.folder)
        given = (*options, "--folder", folder, *(("--endpoint", self._endpoint_url) if endpoint else ()))
        command = [python, "-m", f"bench.shipping.{module}", *given]
        try:
            ran = subprocess.run(
                command, cwd=ROOT, env=os.environ | ENVIRONMENT, check=True, stdout=subprocess.PIPE, timeout=600
            )
        finally:
            shutil.rmtree(folder)
        result: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
        return result

    def _tell(self, number: int, what: str, result: dict[str, float]) -> None:
        figures = ", ".join(f"{name} {value:.1f}" for name, value in result.items())
        print(f"round {number + 1}: {what}: {figures}", file=sys.stderr)


def machine() -> str:
    """Return what the figures were taken on, as one line of Markdown."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("usagelake", "boto3", "obstore"))
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Machine: {os.cpu_count()} cores, {memory_gb:.0f} GB of memory, {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, {versions}; load average {os.getloadavg()[0]:.1f} at the start."
    )


def main(given: Sequence[str] | None = None) -> int:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.shipping.run", description=__doc__.partition("\n")[0])
    parts = ("emit", "upload", "spool")
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--objects", type=int, default=4_000, help="in each upload (default 4000)")
    parser.add_argument("--peers-python", default=str(ROOT / ".venv-peers/bin/python"), help="with requirements/peers")
    parser.add_argument("--folder", type=Path, help="where spools are made: the disk that is measured")
    chosen = parser.parse_args(given)
    body = b"".join(event_line(1, number).encode() + b"\n" for number in range(OBJECT_EVENTS))
    sections = [machine()]
    with Stub() as stub:
        ceiling = stub.ceiling(body)
        sections.append(f"The stub answers {ceiling:,.0f} puts of {len(body):,} bytes a second on 4 connections.")
        bench = Bench(chosen, stub.endpoint_url)
        sections += [f"### {part}\n\n{getattr(bench, part)()}" for part in chosen.only]
    print("\n\n".join(sections))
    return 0


def _median(runs: Sequence[dict[str, float]], name: str) -> float:
    return statistics.median(run[name] for run in runs)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


if __name__ == "__main__":
    sys.exit(main())
