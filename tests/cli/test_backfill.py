"""`usagelake backfill`: what it takes in, and that it goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.cli.landings import event, request
from tests.cli.main_job import Job, invoke

PREFIXES = ("apigw_access", "data-api", "team/tokens")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Ten days of two sources and three prefixes."""
    made = Job(tmp_path)
    made.landing.mkdir()
    made.write_pricing()
    for day in range(1, 11):
        time = f"2025-10-{day:02}T09:30:00Z"
        made.put(f"apigw_access/2025/10/{day:02}/10/00/a.jsonl", request(f"r{day}", time), request(f"r{day}", time))
        made.put(f"data-api/2025/10/{day:02}/23/59/b.jsonl", event(f"e{day}", time), "no json")
        made.put(f"team/tokens/2025/10/{day:02}/00/00/c.jsonl", event(f"t{day}", time))
    return made


def _backfill(job: Job, start: str, end: str, *more: object) -> Result:
    return invoke(
        "backfill", "--landing", job.landing, "--lake", job.lake, "--from", start, "--to", end, *more, "--json"
    )


def _usage(job: Job) -> list[dict[str, Any]]:
    columns = "meter, subject_id, hour, quantity, events"
    return job.ask(f"SELECT {columns} FROM usage_hourly ORDER BY meter, subject_id, hour")


@pytest.mark.parametrize("window", ["1h", "6h", "1d", "30d"])
def test_a_lake_that_was_backfilled_is_the_one_that_was_billed(job: Job, tmp_path: Path, window: str) -> None:
    """However the span is cut: the same usage and, once it is billed, the same invoices."""
    done = _backfill(job, "2025-10-01", "2025-10-11", "--window", window)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["new_objects"] == 30
    assert json.loads(done.stdout)["prefixes"] == list(PREFIXES)
    filled = _usage(job)
    other = Job(tmp_path / "other")
    other.folder.mkdir()
    other.landing.symlink_to(job.landing)
    other.write_pricing()
    straight = other.billed(lake=other.lake)
    assert filled == _usage(other) != []
    assert job.billed(lake=job.lake).invoices == straight.invoices


def test_it_goes_on_where_it_was(job: Job) -> None:
    """A span that is done costs nothing, and one that overlaps takes what is new alone."""
    counted = [
        json.loads(_backfill(job, start, end).stdout)["new_objects"]
        for start, end in (
            ("2025-10-03", "2025-10-05"),
            ("2025-10-01", "2025-10-05"),
            ("2025-10-01", "2025-10-05"),
            ("2025-10-05T10:00:00Z", "2025-10-05T11:00:00Z"),
            ("2025-10-01", "2025-10-11"),
        )
    ]
    assert counted == [6, 6, 0, 1, 17]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from", "2025-10-02", "--to", "2025-10-02"), "--from must lie before --to"),
        (("--from", "2025-10-01", "--to", "2025-10-02", "--window", "90m"), "a whole number of hours"),
        (("--from", "2025-10-01", "--to", "2025-10-02", "--window", "0s"), "a whole number of hours"),
        (("--from", "yesterday", "--to", "2025-10-02"), "is no instant"),
    ],
)
def test_a_span_that_is_none(job: Job, options: tuple[str, ...], said: str) -> None:
    """It is refused, and nothing is made."""
    result = invoke("backfill", "--landing", job.landing, "--lake", job.lake, *options)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not job.lake.exists()


def test_without_a_lake(job: Job) -> None:
    """A temporary lake would be filled for nobody."""
    result = invoke("backfill", "--landing", job.landing, "--from", "2025-10-01", "--to", "2025-10-02")
    assert result.exit_code == 2
    assert "--lake" in result.stderr


def test_a_landing_without_years(tmp_path: Path) -> None:
    """It is said that nothing was listed, and what reads such a landing."""
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "a.jsonl").write_text("{}\n")
    result = invoke(
        "backfill", "--landing", tmp_path / "landing", "--lake", tmp_path / "lake", "--from", "2025-10-01", "--to",
        "2025-10-02",
    )  # fmt: skip
    assert result.exit_code == 0
    assert "no folder with a year" in result.stdout
