"""The benchmark's data: billing events made by the simulator, kept between runs, and their account.

Run as a module it makes one dataset, in a process of its own, so that the process that measures stays
small (a child's peak memory is never less than its parent's).

Usage: python -m bench.dataset EVENTS LAYOUT FOLDER
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).parent / "data"
LAYOUTS = ("2mb", "50")
PERIOD = "2025-10"


@dataclass(frozen=True)
class Dataset:
    """A landing folder and what it holds."""

    events: int
    layout: str
    folder: Path

    @property
    def name(self) -> str:
        """For people: the size and the layout."""
        size = f"{self.events // 1_000_000} million" if self.events % 1_000_000 == 0 else f"{self.events:,}"
        objects = "2 MB objects" if self.layout == "2mb" else f"objects of {self.layout}"
        return f"{size} events, {objects}"

    @property
    def landing(self) -> Path:
        """The landing folder."""
        return self.folder / "landing"

    @property
    def account(self) -> dict[str, int]:
        """The simulator's account of the billing events, with the sum of their quantities."""
        expected = json.loads((self.folder / "expected.json").read_text(encoding="utf-8"))
        source = expected["sources"]["billing_events"]
        return {
            **{name: value for name, value in source.items() if isinstance(value, int)},
            "quantity": sum(map(int, source["meters"].values())),
        }

    @contextmanager
    def without_the_newest(self) -> Iterator[int]:
        """Take the newest objects, by arrival, out of the landing; put them back at the end.

        They are as many as hold a hundredth of the bytes: of large objects the newest are not full.

        Yields:
            How many objects are out.
        """
        aside = self.folder / "newest"
        keys = sorted(
            (path.relative_to(self.landing) for path in self.landing.rglob("*.jsonl")),
            key=lambda key: (key.parts[1:6], key.parts[0]),
        )
        left, out = self.account["stored_bytes"] // 100, 0
        while left > 0:
            key = keys.pop()
            left -= (self.landing / key).stat().st_size
            (aside / key).parent.mkdir(parents=True, exist_ok=True)
            (self.landing / key).rename(aside / key)
            out += 1
        try:
            yield out
        finally:
            self.put_back()

    def put_back(self) -> None:
        """Put back what was taken out, also by a run that was killed."""
        aside = self.folder / "newest"
        for path in list(aside.rglob("*.jsonl")):
            path.rename(self.landing / path.relative_to(aside))
        shutil.rmtree(aside, ignore_errors=True)


def dataset(events: int, layout: str) -> Dataset:
    """Return a dataset; it is made when it is not there yet, or was made by another simulator."""
    found = Dataset(events, layout, DATA / f"{events}-{layout}")
    maker = found.folder / "simulator.sha256"
    if not maker.exists() or maker.read_text(encoding="ascii") != _simulator():
        shutil.rmtree(found.folder, ignore_errors=True)
        print(f"making {found.name} in {found.folder}", file=sys.stderr)
        subprocess.run(
            [sys.executable, "-m", "bench.dataset", str(events), layout, str(found.folder)],
            check=True,
            cwd=ROOT,
        )
        maker.write_text(_simulator(), encoding="ascii")
    found.put_back()
    return found


def _simulator() -> str:
    """Return a digest of the code that makes the data, this module's options too."""
    sources = [*sorted((ROOT / "usagelake" / "simulation").glob("*.py")), Path(__file__)]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def make(events: int, layout: str, folder: Path) -> None:
    """Simulate billing events: 1 % redelivered, few late, none malformed, all within the period."""
    from usagelake.simulation.options import SimulationOptions  # noqa: PLC0415 - only the child needs it
    from usagelake.simulation.simulate import simulate  # noqa: PLC0415

    options = SimulationOptions(
        api_requests=0,
        billing_events=events,
        object_events=None if layout == "2mb" else int(layout),
        object_age_s=None,
        duplicates=0.01,
        late=0.001,
        malformed=0,
        noise=0,
        compressed=0,
        edge_hours=0,
    )
    simulate(options, folder / "landing", expected_file=folder / "expected.json")


if __name__ == "__main__":
    make(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
