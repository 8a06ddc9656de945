"""A lake that is in use, damaged, missing, or left behind by a run that was killed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.landings import event, put
from tests.cli.main_job import Job, files, invoke, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
COUNT = "SELECT count(*) AS events FROM billing_events"


@pytest.fixture
def billed(job: Job) -> Job:
    """A lake with one event."""
    job.put("data-api/a.jsonl", event("a"))
    job.billed()
    return job


def test_a_lake_in_use(billed: Job) -> None:
    """Neither billing nor asking touches a lake that another process has open; it goes on afterwards."""
    before = files(billed.folder)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(billed.lake / "lake.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        for arguments in (billed.arguments(), ["query", "--lake", billed.lake, "--sql", COUNT]):
            result = run(*arguments)
            assert result.returncode == 1
            assert str(billed.lake) in result.stderr
            assert "another process has it open; wait for it to end, or stop it" in result.stderr
        holder.communicate()
    assert files(billed.folder) == before
    assert billed.billed().summary["events"] == 1


def test_two_may_ask_at_once(billed: Job) -> None:
    """Readers do not lock each other out."""
    script = HOLD.replace("sys.argv[1]", "sys.argv[1], read_only=True")
    with subprocess.Popen(
        [sys.executable, "-c", script, str(billed.lake / "lake.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        result = run("query", "--lake", billed.lake, "--sql", COUNT, "--format", "csv")
        assert (result.returncode, result.stdout) == (0, "events\n1\n")
        assert run(*billed.arguments()).returncode == 1
        holder.communicate()


RUINS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "text": lambda _: b"hello\n",
    "the first page alone": lambda held: held[:4096],
    "half": lambda held: held[: len(held) // 2],
    "another file's start": lambda held: b"PAR1" * 1024 + held[4096:],
    "a broken block": lambda held: held[:20_000] + b"\xff" * 2000 + held[22_000:],
}


@pytest.mark.parametrize("ruin", RUINS)
def test_a_damaged_lake(billed: Job, ruin: str) -> None:
    """It is named and left alone; moved away, it is made anew from the landing."""
    expected = billed.outcome()
    database = billed.lake / "lake.duckdb"
    database.write_bytes(RUINS[ruin](database.read_bytes()))
    before = files(billed.folder)
    result = billed.bill()
    assert result.exit_code == 1
    assert str(database) in result.stderr
    assert "The lake is damaged: move it away and run `usagelake bill` again" in result.stderr
    assert files(billed.folder) == before
    billed.lake.rename(billed.folder / "damaged")
    assert billed.billed() == expected


def test_a_lake_that_is_not_there(job: Job) -> None:
    """A query makes none."""
    result = invoke("query", "--lake", job.lake, "--sql", COUNT)
    assert result.exit_code == 1
    assert f"{job.lake}: there is no lake here; make one with `usagelake bill --lake {job.lake}`" in result.stderr
    assert not job.lake.exists()


def test_a_query_leaves_a_lake_as_it_is(billed: Job) -> None:
    """Not a byte changes."""
    before = files(billed.lake)
    assert billed.ask(COUNT) == [{"events": 1}]
    assert files(billed.lake) == before


def test_the_files_of_a_batch_that_was_not_finished(billed: Job) -> None:
    """What a killed run has left in the lake's folder is swept away."""
    put(billed.lake / "work" / "batch-0" / "billing_events.lines", "0\x01\x01{}")
    put(billed.lake / "work" / "spill" / "duckdb_temp_storage.tmp", "spilled")
    assert billed.ask(COUNT) == [{"events": 1}]
    billed.billed()
    assert sorted(path.name for path in billed.lake.iterdir()) == ["lake.duckdb"]


def test_a_temporary_lake_goes(job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without --lake the results are the same, and no lake stays."""
    job.put("data-api/a.jsonl", event("a"))
    expected = job.billed()
    kept = tmp_path / "temporary"
    kept.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(kept))
    shutil.rmtree(job.out)
    result = invoke(*(argument for argument in job.arguments() if not argument.startswith("--lake")))
    assert result.exit_code == 0
    assert job.outcome() == expected
    assert list(kept.iterdir()) == []


def test_too_little_memory(billed: Job) -> None:
    """The setting is named."""
    result = invoke(*billed.arguments(), env={"USAGELAKE_MEMORY_LIMIT": "1MB"})
    assert result.exit_code == 1
    assert "Set USAGELAKE_MEMORY_LIMIT to more than its default of 512MB and run again" in result.stderr
    assert billed.billed().summary["events"] == 1
