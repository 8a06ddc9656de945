"""Each single statement of the main job fails once; the job run again ends as if nothing had happened."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.cli.forked_runs import GONE, ForkedRuns
from tests.cli.landings import event, request
from tests.cli.main_job import Job, Outcome, files
from usagelake.domain.period import Period
from usagelake.domain.schema import TABLES
from usagelake.engines import QueryLibrary, load_queries
from usagelake.engines.duckdb import DuckDBEngine, engine
from usagelake.errors import EngineError
from usagelake.services.bill import bill
from usagelake.services.pricing import load_pricing
from usagelake.services.progress import Silent
from usagelake.storage import LocalFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from usagelake.engines.dialect import Carried

METERS = ("api_requests", "internal_tokens")
BOOK = "\n".join(
    [
        'currency = "USD"\n[[plan]]\nid = "basic"\n[[plan.version]]\neffective_from = 2020-01-01',
        *(
            f'[[plan.version.charge]]\nid = "{meter}"\nmeter = "{meter}"\nmodel = "per_unit"\nunit_price = "0.01"'
            for meter in METERS
        ),
    ]
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Two batches of two objects, with a duplicate and a bad line in each, and an id with two contents."""
    job = Job(tmp_path_factory.mktemp("small"))
    job.write_pricing(BOOK)
    for day in (5, 6):
        time = f"2025-10-{day:02}T12:00:00Z"
        job.put(
            f"apigw_access/2025/10/{day:02}/12/00/a.jsonl",
            request(f"r{day}", time),
            request(f"r{day}", time),
            request("two", time, responseLatency=day),
            "{",
        )
        job.put(
            f"data-api/2025/10/{day:02}/12/00/b.jsonl",
            event(f"e{day}", time),
            event("two", time, usage=day),
            event(f"n{day}", time, usage=-1),
            event("again"),
        )
    return job


class _Failing:
    """A connection one of whose calls fails: the n-th, before its work is done, or the n-th commit, after."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, fails_at: int, commit_fails_at: int) -> None:
        self._connection = connection
        self._fails_at = fails_at
        self._commit_fails_at = commit_fails_at
        self.calls = 0
        self.commits = 0
        self.failed = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._connection, name)
        if name not in {"execute", "begin", "commit"}:
            return method

        def failing(*arguments: object) -> Any:
            self.calls += 1
            if self.calls == self._fails_at:
                self.failed = True
                raise duckdb.IOException("injected")
            result = method(*arguments)
            self.commits += name == "commit"
            if name == "commit" and self.commits == self._commit_fails_at:
                self.failed = True
                raise duckdb.IOException("injected")
            return result

        return failing


class _Bench:
    """Runs the job with a fault; what was carried to DuckDB once is kept, which halves the time."""

    def __init__(self, job: Job) -> None:
        self.job = job
        wanted = [file for file in load_queries().all() if file.kind != "meters" or file.name in METERS]
        self.queries = QueryLibrary(wanted)
        self.pricing = load_pricing(LocalFolder(job.pricing), meters=METERS)
        self.carried: dict[tuple[str, str], Carried] = {}

    def bill(self, lake: Path, out: Path, *, fails_at: int = 0, commit_fails_at: int = 0) -> _Failing:
        """Run the job, which fails if it comes to the fault; give the connection, which has counted."""
        with DuckDBEngine(lake) as opened:
            opened._carried = self.carried
            for view in self.queries.views():
                opened.define_view(view)
            connection = _Failing(opened._connection, fails_at, commit_fails_at)
            opened._connection = connection  # type: ignore[assignment]
            said = ""
            try:
                self._bill(opened, out)
            except EngineError as error:
                said = str(error)
            assert ("injected" in said) == connection.failed, said
            return connection

    def _bill(self, opened: DuckDBEngine, out: Path) -> None:
        bill(
            opened,
            self.queries,
            LocalFolder(self.job.landing),
            self.pricing,
            Period.parse(self.job.period),
            out,
            clock=lambda: datetime.now(UTC),
            progress=Silent(),
        )


def _state(lake: Path) -> str:
    """Write down what a lake holds, but for what a clock decided."""
    database = lake / "lake.duckdb"
    if not database.exists():
        return ""
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
        held = {}
        for (table,) in tables:
            clocks = {"ingested_at", "computed_at", "first_seen_at", "marked_at", "published_at"}
            columns = [column.name for column in TABLES[table].columns if column.name not in clocks]
            chosen = ", ".join(columns)
            held[table] = connection.execute(f"SELECT {chosen} FROM usage.{table} ORDER BY ALL").fetchall()
    return repr(held)


def _lines(lake: Path) -> list[tuple[Any, ...]]:
    """Read every published invoice line, but for when it was published."""
    with duckdb.connect(str(lake / "lake.duckdb"), read_only=True) as connection:
        return connection.execute("SELECT * EXCLUDE (published_at) FROM usage.invoice_lines ORDER BY ALL").fetchall()


@pytest.fixture(scope="module")
def bench(small: Job) -> Iterator[_Bench]:
    """Runs within this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "BATCH_OBJECTS", 2)
        yield _Bench(small)


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedRuns]:
    """Runs in processes of their own."""
    with ForkedRuns(tmp_path_factory.mktemp("forked"), batch_objects=2, meters=METERS) as runs:
        yield runs


class _Proof:
    """Runs the job to its end from each state of a lake that it has not yet been run from.

    A fault leaves what was committed before it and nothing else, so most faults leave one of few states.
    """

    def __init__(self, job: Job, finish: Callable[[Path, Path], object], expected: Outcome) -> None:
        self._job = job
        self._finish = finish
        self._expected = expected
        self.states: set[tuple[str, frozenset[str]]] = set()

    def hold(self, lake: Path, out: Path) -> None:
        """Prove that the next run ends as an undisturbed one, and that its lines are published once."""
        state = (_state(lake), frozenset(files(out)))
        if state in self.states:
            return
        self._finish(lake, out)
        assert self._job.outcome(out) == self._expected
        assert _lines(lake) == _lines(self._job.lake)
        assert not [path for path in out.rglob("*") if path.name.startswith(".")]
        self.states.add(state)


@pytest.fixture(scope="module")
def undisturbed(small: Job, bench: _Bench) -> tuple[Outcome, _Failing]:
    """What the job comes to, and in how many calls."""
    counted = bench.bill(small.lake, small.out)
    outcome = small.outcome()
    assert {name: outcome.summary[name] for name in ("lines", "events", "duplicates", "quarantined")} == {
        "lines": 16,
        "events": 7,
        "duplicates": 3,
        "quarantined": 6,
    }
    return outcome, counted


def test_a_statement_that_fails_changes_nothing(
    bench: _Bench, undisturbed: tuple[Outcome, _Failing], tmp_path: Path
) -> None:
    """Every call fails in its turn: nothing is published, and the next run ends as it would have.

    Once a run has failed behind a commit, the next ones begin from where it left its lake: what was committed
    need not be done again for each.
    """
    expected, counted = undisturbed
    proof = _Proof(bench.job, bench.bill, expected)
    begin, number = tmp_path / "nothing", 1
    begin.mkdir()
    for attempt in range(1, 2 * counted.calls):
        lake, out = tmp_path / f"lake-{attempt}", tmp_path / f"out-{attempt}"
        shutil.copytree(begin, lake)
        connection = bench.bill(lake, out, fails_at=number)
        if not connection.failed:
            break
        assert files(out) == {}
        number += 1
        if connection.commits:
            begin, number = tmp_path / f"begin-{attempt}", 1
            shutil.copytree(lake, begin)
        proof.hold(lake, out)
    assert attempt > counted.calls
    assert len(proof.states) > counted.commits


def test_a_commit_that_worked_and_says_it_failed_changes_nothing(
    bench: _Bench, undisturbed: tuple[Outcome, _Failing], tmp_path: Path
) -> None:
    """A commit's answer may be an error although it was kept; the next run cannot tell, and need not."""
    expected, counted = undisturbed
    proof = _Proof(bench.job, bench.bill, expected)
    for number in range(1, counted.commits + 1):
        lake, out = tmp_path / f"lake-{number}", tmp_path / f"out-{number}"
        assert bench.bill(lake, out, commit_fails_at=number).failed
        assert files(out) == {}
        proof.hold(lake, out)
    assert len(proof.states) == counted.commits


def test_a_process_that_ends_after_a_change_changes_nothing(
    small: Job, undisturbed: tuple[Outcome, _Failing], forked: ForkedRuns, tmp_path: Path
) -> None:
    """The process is gone after each statement that writes, in its turn, with nothing cleaned up."""
    expected, _ = undisturbed

    def finish(lake: Path, out: Path) -> None:
        assert forked.run(small.arguments(lake=lake, out=out)) == 0, forked.printed

    proof = _Proof(small, finish, expected)
    number = 1
    while True:
        lake, out = tmp_path / f"lake-{number}", tmp_path / f"out-{number}"
        ended = forked.run(small.arguments(lake=lake, out=out), changes=number)
        if ended == 0:
            break
        assert ended == GONE, forked.printed
        proof.hold(lake, out)
        number += 1
    assert number > 30
