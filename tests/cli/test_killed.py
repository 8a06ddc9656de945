"""Killed at any moment and run again, the main job ends as if nothing had happened."""

from __future__ import annotations

import random
import shutil
import signal
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.cli.forked_runs import ForkedRuns
from tests.cli.landings import event, request
from tests.cli.main_job import Job, Outcome, files, read_json
from usagelake.bootstrap import example_pricing
from usagelake.simulation.options import SimulationOptions
from usagelake.simulation.simulate import simulate
from usagelake.simulation.subjects import Ownership

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEED = 20251031
BATCH_OBJECTS = 60


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A month of small traffic with every fault, and ids that come with two contents in different batches."""
    job = Job(tmp_path_factory.mktemp("month"))
    options = SimulationOptions(
        seed=SEED,
        start=datetime(2025, 10, 1, tzinfo=UTC),
        end=datetime(2025, 11, 1, tzinfo=UTC),
        api_requests=800,
        billing_events=800,
        object_age_s=6 * 3600,
        duplicates=0.1,
        late=0.1,
        malformed=0.05,
        compressed=0.2,
        layout="upstream",
    )
    simulate(options, job.landing, expected_file=job.folder / "expected.json", progress=lambda _: None)
    shutil.copytree(example_pricing(), job.pricing)
    (job.pricing / "customers.csv").write_text(Ownership(options).customers_csv(), encoding="utf-8")
    for place, (hour, latency, usage) in enumerate([("01/00", 1, 1), ("09/09", 2, 2), ("30/23", 3, 3)]):
        job.put(f"apigw_access/2025/10/{hour}/00/two{place}.jsonl", request("two", responseLatency=latency))
        job.put(f"data-api/2025/10/{hour}/00/two{place}.jsonl", event("two", usage=usage))
    return job


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedRuns]:
    """Runs with many batches."""
    with ForkedRuns(tmp_path_factory.mktemp("runs"), batch_objects=BATCH_OBJECTS) as forked:
        yield forked


@pytest.fixture(scope="module")
def undisturbed(month: Job, runs: ForkedRuns) -> tuple[Outcome, float]:
    """What a run that nobody kills comes to, and how long it takes."""
    begun = time.monotonic()
    assert runs.run(month.arguments()) == 0, runs.printed
    took = time.monotonic() - begun
    outcome = month.outcome()
    expected = read_json(month.folder / "expected.json")["summary"]
    assert outcome.summary["events"] == expected["events"] + 2
    assert outcome.summary["quarantined"] == expected["quarantined"] + 4
    assert outcome.summary["objects"] > 5 * BATCH_OBJECTS
    return outcome, took


def _finish(month: Job, runs: ForkedRuns, lake: Path, out: Path, expected: Outcome) -> None:
    """Run to the end, and hold what is left against an undisturbed run."""
    assert runs.run(month.arguments(lake=lake, out=out)) == 0, runs.printed
    assert month.outcome(out) == expected
    hidden = [path for path in out.rglob("*") if path.name.startswith(".")]
    assert not hidden
    assert sorted(path.name for path in lake.iterdir()) == ["lake.duckdb"]


def test_a_kill_changes_nothing(
    month: Job, runs: ForkedRuns, undisturbed: tuple[Outcome, float], tmp_path: Path
) -> None:
    """SIGKILL anywhere between the start and the end of a run; the next run ends as an undisturbed one."""
    expected, took = undisturbed
    dice = random.Random(SEED)
    kills, tries = 0, 10
    for number in range(tries):
        lake, out = tmp_path / f"lake-{number}", tmp_path / f"out-{number}"
        delay = took * (number + dice.random()) / tries
        kills += runs.run(month.arguments(lake=lake, out=out), kill_after=delay) == -signal.SIGKILL
        _finish(month, runs, lake, out, expected)
        shutil.rmtree(lake)
    assert kills


def test_kills_in_a_row_change_nothing(
    month: Job, runs: ForkedRuns, undisturbed: tuple[Outcome, float], tmp_path: Path
) -> None:
    """Several kills on one lake, some of them within the recovery from the one before."""
    expected, took = undisturbed
    dice = random.Random(SEED + 1)
    for series in range(4):
        lake, out = tmp_path / f"lake-{series}", tmp_path / f"out-{series}"
        for _ in range(6):
            runs.run(month.arguments(lake=lake, out=out), kill_after=took * dice.random() ** 2)
        _finish(month, runs, lake, out, expected)
        shutil.rmtree(lake)


def test_an_interruption_is_no_fault(
    month: Job, runs: ForkedRuns, undisturbed: tuple[Outcome, float], tmp_path: Path
) -> None:
    """Ctrl-C, at whatever statement, ends with a word and exit code 130; the next run goes on."""
    expected, took = undisturbed
    lake, out = tmp_path / "lake", tmp_path / "out"
    for share in (0.3, 0.5, 0.7):
        ended = runs.run(month.arguments(lake=lake, out=out), kill_after=took * share, by=signal.SIGINT)
        if ended == 0:
            break
        assert ended == 130, runs.printed
        assert runs.printed == "usagelake: interrupted; run again to go on\n"
        assert files(out) == {}
        assert not (lake / "work").exists()
    _finish(month, runs, lake, out, expected)
