"""Who runs: how each contestant is called, what is prepared before it, and what it must find."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.dataset import PERIOD
from bench.measure import ContestantError, measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.dataset import Dataset

HERE = Path(__file__).parent
JOINED = "find {landing} -name '*.jsonl' -print0 | xargs -0 cat"


class Contestant(ABC):
    """One way to do the work.

    Args:
        data: What it works on.
        scratch: A folder of its own.
    """

    name: str
    title: str

    def __init__(self, data: Dataset, scratch: Path) -> None:
        self.data = data
        self.scratch = scratch

    @abstractmethod
    def command(self) -> Sequence[str]:
        """Return the program and its arguments."""

    def prepare(self) -> None:
        """Do what is not measured, before every run."""
        self.scratch.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def check(self, printed: str) -> None:
        """Raise ContestantError unless the run found what the simulator made."""

    def _agree(self, found: dict[str, Any], *names: str) -> None:
        account = self.data.account
        wrong = [f"{n}: {found.get(n)} instead of {account[n]}" for n in names if found.get(n) != account[n]]
        if wrong:
            raise ContestantError(f"{self.name} on {self.data.name} found {', '.join(wrong)}")

    def _piped(self, program: str) -> Sequence[str]:
        joined = JOINED.format(landing=self.data.landing)
        return ["bash", "-o", "pipefail", "-c", f"{joined} | {program}"]


class Floor(Contestant):
    """Read every byte and count the lines."""

    name = "cat"
    title = "`cat \\| wc -l`, the floor"

    def command(self) -> Sequence[str]:
        """Return the pipeline; the shell waits for all of it."""
        return self._piped("wc -l")

    def check(self, printed: str) -> None:
        """Compare the lines."""
        self._agree({"lines": int(printed)}, "lines")


class Script(Contestant):
    """A script beside this module that prints what it found."""

    def command(self) -> Sequence[str]:
        """Return the script on the landing folder."""
        return [sys.executable, str(HERE / f"{self._script}.py"), str(self.data.landing)]

    def check(self, printed: str) -> None:
        """Compare events and quantity."""
        self._agree(json.loads(printed), "events", "quantity")

    _script: str


class BareStatement(Script):
    """DuckDB, by hand."""

    name = "duckdb"
    title = "bare DuckDB statement"
    _script = "duckdb_statement"

    def command(self) -> Sequence[str]:
        """Return the better way for the layout: large objects in parallel, small ones as one stream."""
        if self.data.layout == "2mb":
            return super().command()
        return self._piped(f"{sys.executable} {HERE / self._script}.py -")


class Polars(Script):
    """Polars, by hand."""

    name = "polars"
    title = "polars, streaming"
    _script = "polars_frame"


class PythonLoop(Script):
    """A loop over lines."""

    name = "python"
    title = "Python loop with orjson"
    _script = "python_loop"


class Bill(Contestant):
    """`usagelake bill` into a lake that starts as a copy of one made before (or empty).

    Args:
        data: What it works on.
        scratch: A folder of its own.
        start: The lake to start from, or None for none.
        new_objects: How many objects the run must find new.
        program: The `usagelake` to run.
        pricing: The price book and customers.
    """

    def __init__(
        self,
        data: Dataset,
        scratch: Path,
        *,
        start: Path | None,
        new_objects: int,
        program: str,
        pricing: Path,
    ) -> None:
        super().__init__(data, scratch)
        self._start, self._new_objects, self._program, self._pricing = start, new_objects, program, pricing
        self.lake, self.out = scratch / "lake", scratch / "out"

    def command(self) -> Sequence[str]:
        """Return the main job."""
        places = {"landing": self.data.landing, "pricing": self._pricing, "out": self.out, "lake": self.lake}
        options = [part for name, path in places.items() for part in (f"--{name}", str(path))]
        return [self._program, "bill", *options, "--period", PERIOD]

    def prepare(self) -> None:
        """Put the lake back to where the run starts."""
        super().prepare()
        for folder in (self.lake, self.out):
            shutil.rmtree(folder, ignore_errors=True)
        if self._start is not None:
            shutil.copytree(self._start, self.lake)

    def check(self, printed: str) -> None:  # noqa: ARG002 - what counts is what it wrote
        """Compare the summary's counts, the quantity in usage_hourly, and what was new."""
        reader = [sys.executable, str(HERE / "bill_result.py"), str(self.out)]
        read = subprocess.run(reader, check=True, capture_output=True, text=True)
        found = json.loads(read.stdout)
        self._agree(found, "objects", "lines", "events", "duplicates", "quarantined", "quantity")
        new = found["run"]
        if new["new_objects"] != self._new_objects:
            taken = f"took {new['new_objects']} objects as new instead of {self._new_objects}"
            raise ContestantError(f"{self.name} on {self.data.name} {taken}")
        if self._start is not None and self._new_objects:
            self.title = f"{type(self).title} ({new['new_events']:,} events)"


class BillCold(Bill):
    """From nothing."""

    name = "bill"
    title = "`usagelake bill`, from nothing"


class BillAgain(Bill):
    """Nothing is new."""

    name = "bill-again"
    title = "`usagelake bill`, nothing new"


class BillNewest(Bill):
    """A hundredth is new."""

    name = "bill-newest"
    title = "`usagelake bill`, 1 % new"


PLAIN: tuple[type[Contestant], ...] = (Floor, BareStatement, Polars, PythonLoop)
BILLS: tuple[type[Bill], ...] = (BillCold, BillAgain, BillNewest)
NAMES = tuple(contestant.name for contestant in (*PLAIN, *BILLS))


def contestants(data: Dataset, names: Sequence[str], scratch: Path, *, program: str, pricing: Path) -> list[Contestant]:
    """Return the contestants with these names; the lakes that some start from are made first.

    Args:
        data: What they work on.
        names: Whom to return, a subset of `NAMES`.
        scratch: A folder for what they write.
        program: The `usagelake` to run.
        pricing: The price book and customers.
    """
    chosen: list[Contestant] = [kind(data, scratch / kind.name) for kind in PLAIN if kind.name in names]
    if set(names) & {kind.name for kind in BILLS}:
        objects, full, base, newest = data.account["objects"], scratch / "full", scratch / "base", 0
        common = {"program": program, "pricing": pricing}
        if "bill-newest" in names:
            with data.without_the_newest() as newest:
                _make_lake(Bill(data, base, start=None, new_objects=0, **common))
        if "bill-again" in names:
            _make_lake(Bill(data, full, start=None, new_objects=0, **common))
        starts = ((None, objects), (full / "lake", 0), (base / "lake", newest))
        for bill, (start, new) in zip(BILLS, starts, strict=True):
            if bill.name in names:
                chosen.append(bill(data, scratch / bill.name, start=start, new_objects=new, **common))
    return chosen


def _make_lake(bill: Bill) -> None:
    bill.prepare()
    measure(bill.command(), bill.scratch)
