"""Real traffic through the command line, against figures that were computed elsewhere (SOURCES.md there)."""

from __future__ import annotations

import random
import shutil
import tarfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.cli.main_job import Job, Outcome, read_json

DATA = Path(__file__).parents[2] / "../shared/data"
PERIODS = {"web-2015": "2015-05", "llm-2023": "2023-11"}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the traces are not on this machine")


def _unpacked(folder: Path, name: str) -> Job:
    """Unpack a trace beside its prices."""
    with tarfile.open(DATA / f"{name}.tgz") as archive:
        archive.extractall(folder, filter="data")
    job = Job(folder, PERIODS[name])
    job.pricing.mkdir()
    shutil.copy(DATA / "price_book.toml", job.pricing)
    shutil.copy(folder / "customers.csv", job.pricing)
    return job


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> tuple[Job, Outcome]:
    """10,000 requests of May 2015, billed."""
    job = _unpacked(tmp_path_factory.mktemp("web"), "web-2015")
    return job, job.billed()


@pytest.fixture(scope="module")
def llm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Job, Outcome]:
    """19,366 calls of November 2023, billed."""
    job = _unpacked(tmp_path_factory.mktemp("llm"), "llm-2023")
    return job, job.billed()


def _used(outcome: Outcome) -> Counter[str]:
    used: Counter[str] = Counter()
    for row in outcome.usage:
        used[row[0]] += int(row[5])
    return used


def _cents(amount: str) -> int:
    whole, cents = amount.split(".")
    assert len(cents) == 2
    return int(whole) * 100 + int(cents)


def _totals(job: Job) -> list[str]:
    return [read_json(path)["total"] for path in sorted(job.invoices.iterdir())]


def test_a_month_of_a_web_site(web: tuple[Job, Outcome]) -> None:
    """Every figure of SOURCES.md."""
    job, outcome = web
    summary = outcome.summary
    assert summary["lines"] == 10_155 == 10_000 + 150 + 5
    assert (summary["events"], summary["duplicates"], summary["quarantined"]) == (10_000, 150, 5)
    assert summary["objects"] == sum(path.is_file() for path in job.landing.rglob("*")) == 231
    assert job.run_share() == {"new_objects": 231, "new_events": 10_000}
    assert summary["keyless"] == 291
    assert len(summary["unassigned"]) == 1
    assert len(outcome.invoices) == summary["invoices"] == 24
    assert summary["total"] == {"USD": "126.63"}
    assert sum(map(_cents, _totals(job))) == 12_663
    assert _used(outcome)["api_requests"] == 9_704
    assert sum(line["occurrences"] for line in outcome.quarantine) == 5
    assert job.ask("SELECT count(*) AS keyed FROM api_requests WHERE api_key_id IS NOT NULL") == [{"keyed": 9_709}]
    assert job.ask("SELECT count(*) AS billable FROM billable_requests") == [{"billable": 9_704}]


def test_a_day_of_language_models(llm: tuple[Job, Outcome]) -> None:
    """Every figure of SOURCES.md."""
    job, outcome = llm
    summary = outcome.summary
    assert summary["lines"] == 59_748 == 58_098 + 1_650 + 0
    assert (summary["events"], summary["duplicates"], summary["quarantined"]) == (58_098, 1_650, 0)
    assert job.run_share()["new_events"] == 58_098
    assert len(outcome.invoices) == summary["invoices"] == 24
    assert summary["total"] == {"USD": "123.71"}
    assert sum(map(_cents, _totals(job))) == 12_371
    used = _used(outcome)
    assert used.total() == 130_744_323
    assert (used["internal_tokens"], used["external_tokens"]) == (8_918_986, 17_531_549)
    assert job.ask("SELECT count(DISTINCT event_type) AS types FROM billing_events") == [{"types": 6}]


@pytest.mark.parametrize("name", PERIODS)
def test_the_same_in_several_runs(request: pytest.FixtureRequest, tmp_path: Path, name: str) -> None:
    """Objects in random order over four runs: the same invoices, byte for byte, and the same counts."""
    whole: tuple[Job, Outcome] = request.getfixturevalue(name.split("-", maxsplit=1)[0])
    job, expected = whole
    drip = Job(tmp_path, job.period)
    shutil.copytree(job.pricing, drip.pricing)
    keys: list[Any] = [path.relative_to(job.landing) for path in sorted(job.landing.rglob("*")) if path.is_file()]
    random.Random(2015).shuffle(keys)
    outcome = None
    for run in range(4):
        for key in keys[run::4]:
            (drip.landing / key).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(job.landing / key, drip.landing / key)
        outcome = drip.billed()
    assert outcome == expected


def test_a_second_run_finds_nothing_new(llm: tuple[Job, Outcome]) -> None:
    """The same results, and nothing read."""
    job, expected = llm
    assert job.billed(out=job.folder / "again") == expected
    assert read_json(job.folder / "again" / "summary.json")["run"] == {"new_objects": 0, "new_events": 0}
