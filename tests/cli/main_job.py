"""Running the main job as a user does, in this process or in one of its own, and reading what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import ChainMap
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import duckdb
from click.testing import CliRunner

from tests.cli.landings import CUSTOMERS, price_book, put
from usagelake.cli import main
from usagelake.engines import query_library
from usagelake.engines.duckdb import DuckDBEngine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from click.testing import Result

    from usagelake.engines import SqlFile
    from usagelake.engines.dialect import Carried

USAGELAKE = (sys.executable, "-c", "from usagelake.cli import main; main()")

_load_folder = query_library.load_folder
_loaded: dict[Path, list[SqlFile]] = {}


def _load_folder_once(folder: Path) -> list[SqlFile]:
    """Load the packaged queries once for all runs of this process: it takes longer than a small run."""
    if folder != query_library.packaged_folder("queries"):
        return _load_folder(folder)
    if folder not in _loaded:
        _loaded[folder] = _load_folder(folder)
    return _loaded[folder]


_make_engine = DuckDBEngine.__init__
_carried: dict[tuple[str, str], Carried] = {}


@contextmanager
def _packaged_queries_at_hand(*, carried: bool) -> Iterator[None]:
    """Load the packaged queries once for all runs of this process: it takes longer than a small run.

    Args:
        carried: Carry them to DuckDB only once, too: for runs that have no queries of their own.
    """
    made: list[dict[tuple[str, str], Carried]] = []

    def make_engine(self: DuckDBEngine, *given: Any, **named: Any) -> None:
        _make_engine(self, *given, **named)
        made.append({})
        if carried:
            self._carried = ChainMap(made[-1], _carried)  # type: ignore[assignment]

    with (
        patch.object(query_library, "load_folder", _load_folder_once),
        patch.object(DuckDBEngine, "__init__", make_engine),
    ):
        yield
    for new in made:
        _carried.update({file: done for file, done in new.items() if file[0].startswith("/")})


def invoke(*arguments: object, env: Mapping[str, str] | None = None) -> Result:
    """Run a command in this process; what it did not mean to raise is raised here."""
    words = [str(argument) for argument in arguments]
    own_queries = any(word.startswith("--queries") for word in words)
    with _packaged_queries_at_hand(carried=not own_queries):
        result = CliRunner().invoke(main, words, env=env)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def run(*arguments: object, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    command = [*USAGELAKE, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **(env or {})}, **options
    )


class Outcome(NamedTuple):
    """All that a billed period leaves, but for what a clock or the run's own share decides."""

    invoices: dict[str, bytes]
    summary: dict[str, Any]
    usage: list[tuple[Any, ...]]
    quarantine: list[dict[str, Any]]


@dataclass(frozen=True)
class Job:
    """A landing with prices, and where its results and its lake lie.

    Attributes:
        folder: Holds all of it.
        period: What is billed.
    """

    folder: Path
    period: str = "2025-10"

    @property
    def landing(self) -> Path:
        """The landing."""
        return self.folder / "landing"

    @property
    def pricing(self) -> Path:
        """The pricing folder."""
        return self.folder / "pricing"

    @property
    def out(self) -> Path:
        """The results."""
        return self.folder / "out"

    @property
    def lake(self) -> Path:
        """The lake."""
        return self.folder / "lake"

    @property
    def invoices(self) -> Path:
        """The folder of the period's invoices."""
        return self.out / "invoices" / self.period

    def put(self, key: str, *content: str | bytes) -> Path:
        """Write an object of the landing."""
        return put(self.landing / key, *content)

    def write_pricing(self, book: str | None = None, customers: str = CUSTOMERS) -> None:
        """Write the price book and the customers."""
        put(self.pricing / "price_book.toml", (price_book() if book is None else book).encode())
        put(self.pricing / "customers.csv", customers.encode())

    def arguments(self, *more: object, lake: Path | None = None, out: Path | None = None) -> list[str]:
        """Give the command line that bills the period."""
        return [
            "bill",
            f"--landing={self.landing}",
            f"--pricing={self.pricing}",
            f"--period={self.period}",
            f"--out={out or self.out}",
            f"--lake={lake or self.lake}",
            *map(str, more),
        ]

    def bill(self, *more: object, lake: Path | None = None, out: Path | None = None) -> Result:
        """Bill the period in this process."""
        return invoke(*self.arguments(*more, lake=lake, out=out))

    def billed(self, *more: object, lake: Path | None = None, out: Path | None = None) -> Outcome:
        """Bill the period, which must work."""
        result = self.bill(*more, lake=lake, out=out)
        assert result.exit_code == 0, result.stderr
        return self.outcome(out)

    def outcome(self, out: Path | None = None) -> Outcome:
        """Read the results."""
        folder = out or self.out
        summary = read_json(folder / "summary.json")
        summary.pop("run")
        lines = (folder / "quarantine.ndjson").read_text(encoding="utf-8").split("\n")
        quarantine = [json.loads(line) for line in lines if line]
        for line in quarantine:
            line.pop("first_seen_at")
        return Outcome(
            files(folder / "invoices" / self.period),
            summary,
            rows("SELECT * EXCLUDE (computed_at) FROM read_parquet(?) ORDER BY ALL", folder / "usage_hourly.parquet"),
            quarantine,
        )

    def run_share(self) -> dict[str, int]:
        """Read what the last run added."""
        share: dict[str, int] = read_json(self.out / "summary.json")["run"]
        return share

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """Ask the lake."""
        result = invoke("query", "--lake", self.lake, "--format", "json", "--sql", sql)
        assert result.exit_code == 0, result.stderr
        found: list[dict[str, Any]] = json.loads(result.stdout)
        return found


def rows(sql: str, path: Path) -> list[tuple[Any, ...]]:
    """Ask DuckDB what a result file holds."""
    with duckdb.connect() as connection:
        return connection.execute(sql, [str(path.absolute())]).fetchall()


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def files(folder: Path) -> dict[str, bytes]:
    """Read every file below a folder, by its path there; hidden ones too, none if there is no such folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
