"""What each handler loses, and how: the loss table.

Usage: python -m bench.shipping.loss_table [--peers-python FILE] [--outage S] [--handlers NAME …] [--runs N]

A service logs 500 events a second against an S3 that is a process of its own, and ends: cleanly, by SIGTERM as each
handler's documentation says, by SIGTERM where the service itself turns it into `sys.exit(0)`, by SIGKILL, through an
outage of S3, and with a forked child that logs too. Lost is an id whose `info` had returned and that no stored object
holds. What has a spool is started once more before it is counted, as after any crash.
"""

from __future__ import annotations

import argparse
import gzip
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.shipping.events import ID, event_id
from bench.shipping.handlers import ENVIRONMENT, OURS, SHIPPERS
from bench.shipping.loss_victim import AGAIN
from tests.fakes.s3_server import Faults, Outage, OutageKind, S3ServerProcess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.shipping.handlers import Contestant

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
GRACE_S = 30.0
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Ending:
    """One column of the table.

    Attributes:
        name: For the command line.
        title: For the table.
        end: What the service is told.
        by: The signal that ends it, when it has logged for `seconds`.
        outage: Whether S3 is away from half a second after the start.
        seconds: How long it logs.
    """

    name: str
    title: str
    end: str = "exit"
    by: signal.Signals | None = None
    outage: bool = False
    seconds: float = 2.0


ENDINGS = (
    Ending("exit", "clean exit"),
    Ending("sigterm", "SIGTERM", end="sigterm", by=signal.SIGTERM),
    Ending("sigterm-exits", "SIGTERM, `sys.exit`", end="sigterm-exits", by=signal.SIGTERM),
    Ending("sigkill", "SIGKILL", by=signal.SIGKILL),
    Ending("outage", "{outage:g} s of 503", outage=True, seconds=3.0),
    Ending("fork", "forked child", end="fork", seconds=3.0),
)


@dataclass(frozen=True)
class Cell:
    """What one run came to: of so many events, how many are lost, how many came twice, whether it had to be ended."""

    emitted: int
    lost: int
    twice: int
    hung: bool

    def __str__(self) -> str:
        told = f"{self.lost:,} of {self.emitted:,}"
        if self.twice:
            told += f", {self.twice:,} twice"
        return told + (", hangs" if self.hung else "")


def run(contestant: Contestant, ending: Ending, *, python: str, outage: float, scratch: Path) -> Cell:
    """Run one service to its end, and count."""
    folder = Path(tempfile.mkdtemp(prefix=f"{contestant.name}-{ending.name}-", dir=scratch))
    with S3ServerProcess(folder / "server") as server:
        victim = [python, "-m", "bench.shipping.loss_victim", "--handler", contestant.name]
        victim += ["--endpoint", server.endpoint_url, "--folder", str(folder)]
        # A service that is to be ended by a signal would log on for long.
        options = ["--seconds", str(ending.seconds if ending.by is None else PATIENCE_S), "--end", ending.end]
        if ending.outage:
            options += ["--idle", str(outage + 15.0)]
        with (folder / "said").open("wb") as said:
            environment = os.environ | ENVIRONMENT
            process = subprocess.Popen([*victim, *options], cwd=ROOT, env=environment, stdout=said, stderr=said)
            _await_start(process, folder)
            if ending.outage:
                server.set_faults(Faults(outages=(Outage(OutageKind.UNAVAILABLE, 0.5, outage),)))
            logged, hung = _end(process, ending, outage, folder)
            if contestant in OURS and contestant.name != "memory":
                subprocess.run(
                    [*victim, "--seconds", "0.01", "--idle", "2", "--source", str(AGAIN)],
                    cwd=ROOT,
                    env=environment,
                    stdout=said,
                    stderr=said,
                    check=True,
                    timeout=PATIENCE_S,
                )
        _, stored = server.journal()
    counts: dict[bytes, int] = {}
    for entry in stored:
        body = gzip.decompress(entry.body) if entry.body.startswith(GZIP_MAGIC) else entry.body
        for found in set(ID.findall(body)):
            counts[found] = counts.get(found, 0) + 1
    again = event_id(AGAIN, 0)[:14].encode()
    lines = (folder / "emitted").read_bytes()[:logged].split()
    emitted = [name for name in lines if not name.startswith(again)]
    return Cell(
        len(emitted),
        sum(event not in counts for event in emitted),
        sum(number > 1 for number in counts.values()),
        hung,
    )


def _await_start(process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not (folder / "ready").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"it did not start:\n{(folder / 'said').read_text(encoding='utf-8')}")
        time.sleep(0.01)


def _end(process: subprocess.Popen[bytes], ending: Ending, outage: float, folder: Path) -> tuple[int | None, bool]:
    """Wait for the end, or bring it about.

    Returns:
        How much of the file of ids counts: what was logged before the signal, or all of it; and whether the process
        had to be killed.
    """
    logged = None
    if ending.by is not None:
        time.sleep(ending.seconds)
        logged = (folder / "emitted").stat().st_size
        process.send_signal(ending.by)
    try:
        process.wait(GRACE_S + (ending.seconds + outage + 15.0 if ending.by is None else 0.0))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return logged, True
    return logged, False


def table(cells: dict[tuple[str, str], list[Cell]], outage: float, handlers: Sequence[Contestant]) -> str:
    """Return the Markdown table: a row for each ending, a column for each handler."""
    rows = ["| ended by | " + " | ".join(handler.title for handler in handlers) + " |"]
    rows.append("|---|" + "---:|" * len(handlers))
    for ending in ENDINGS:
        shown = [
            "; ".join(str(cell) for cell in cells.get((handler.name, ending.name), [])) or "not run"
            for handler in handlers
        ]
        rows.append(f"| {ending.title.format(outage=outage)} | " + " | ".join(shown) + " |")
    return "\n".join(rows)


def main(given: Sequence[str] | None = None) -> int:
    """Run every handler to every end, several at once, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.shipping.loss_table", description=__doc__.partition("\n")[0])
    names = [handler.name for handler in SHIPPERS]
    parser.add_argument("--handlers", nargs="+", choices=names, default=names, metavar="NAME")
    endings = [ending.name for ending in ENDINGS]
    parser.add_argument("--endings", nargs="+", choices=endings, default=endings, metavar="NAME")
    parser.add_argument("--peers-python", default=str(ROOT / ".venv-peers/bin/python"), help="with requirements/peers")
    parser.add_argument("--outage", type=float, default=60.0, help="seconds (default 60)")
    parser.add_argument("--runs", type=int, default=1, help="of each (default 1)")
    parser.add_argument("--at-once", type=int, default=4, help="services at a time (default 4)")
    chosen = parser.parse_args(given)
    handlers = [handler for handler in SHIPPERS if handler.name in chosen.handlers]
    jobs = [
        (handler, ending)
        for ending in sorted(ENDINGS, key=lambda ending: not ending.outage)
        for handler in handlers
        for _ in range(chosen.runs)
        if ending.name in chosen.endings
    ]
    cells: dict[tuple[str, str], list[Cell]] = {}
    lock = threading.Lock()
    with tempfile.TemporaryDirectory(prefix="loss-") as scratch:

        def work() -> None:
            while True:
                with lock:
                    if not jobs:
                        return
                    handler, ending = jobs.pop(0)
                python = chosen.peers_python if handler.peer else sys.executable
                cell = run(handler, ending, python=python, outage=chosen.outage, scratch=Path(scratch))
                print(f"{handler.name}, {ending.name}: {cell}", file=sys.stderr)
                with lock:
                    cells.setdefault((handler.name, ending.name), []).append(cell)

        workers = [threading.Thread(target=work) for _ in range(chosen.at_once)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    print(table(cells, chosen.outage, handlers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
