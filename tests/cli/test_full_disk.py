"""A disk that is full stops a run with a message; what is there stays good, and room is all that is needed."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.forked_runs import ForkedRuns
from tests.cli.landings import event, request
from tests.cli.main_job import USAGELAKE, Job, Outcome, files, run
from usagelake.engines.staging import objects as staging

if TYPE_CHECKING:
    from collections.abc import Iterator

FULL = ("No space left on device", "File too large")
REMEDIES = ("make room and run again", "Make room and run again")


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> tuple[Job, Outcome]:
    """A landing of some 2 MB, and what it comes to."""
    job = Job(tmp_path_factory.mktemp("month"))
    job.write_pricing()
    for day in range(1, 29):
        times = [f"2025-10-{day:02}T{number % 24:02}:00:00Z" for number in range(120)]
        job.put(f"apigw_access/{day}.jsonl", *(request(f"{day}-{at}", time) for at, time in enumerate(times)))
        job.put(f"data-api/{day}.jsonl", *(event(f"{day}-{at}", time) for at, time in enumerate(times)), "{")
    return job, job.billed()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedRuns]:
    """Runs in processes of their own."""
    with ForkedRuns(tmp_path_factory.mktemp("runs"), batch_objects=20) as forked:
        yield forked


def _stopped(code: int, said: str) -> None:
    assert code == 1, said
    assert said.startswith("usagelake: ")
    assert "Traceback" not in said
    assert any(words in said for words in FULL), said
    assert any(words in said for words in REMEDIES), said


@pytest.mark.parametrize("limit", [0, 5_000, 10_000, 100_000, 900_000])
def test_no_file_may_grow(month: tuple[Job, Outcome], tmp_path: Path, limit: int) -> None:
    """Files are limited to ever more bytes: making the lake fails, staging does, a commit does."""
    job, expected = month
    lake, out = tmp_path / "lake", tmp_path / "out"
    arguments = job.arguments("--quiet", lake=lake, out=out)
    result = run(*arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    _stopped(result.returncode, result.stderr)
    assert files(out) == {}
    assert job.billed(lake=lake, out=out) == expected


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, where this process may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("mounting takes root")
    mounted = subprocess.run([mount, "-t", "tmpfs", "-o", "size=4k", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount")
    yield disk
    subprocess.run(["umount", disk], check=True)


def _resize(disk: Path, kibibytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kibibytes}k", disk], check=True)


def test_a_disk_that_fills_up(month: tuple[Job, Outcome], runs: ForkedRuns, small_disk: Path) -> None:
    """One lake on a disk that is too small, and then a little less so, until it is large enough."""
    job, expected = month
    lake, out = small_disk / "lake", small_disk / "out"
    stopped = 0
    for kibibytes in (4, 12, 40, 500, 1_500, 2_500, 4_000, 20_000):
        _resize(small_disk, kibibytes)
        code = runs.run(job.arguments("--quiet", lake=lake, out=out))
        if code == 0:
            break
        _stopped(code, runs.printed)
        assert files(out) == {}
        stopped += 1
    assert stopped >= 3
    assert job.outcome(out) == expected


def test_results_on_a_full_disk(month: tuple[Job, Outcome], runs: ForkedRuns, small_disk: Path, tmp_path: Path) -> None:
    """The lake has room, the results have not: the lake keeps what it took, the former results stand."""
    job, expected = month
    lake, out = tmp_path / "lake", small_disk / "out"
    _resize(small_disk, 12)
    _stopped(runs.run(job.arguments("--quiet", lake=lake, out=out)), runs.printed)
    assert files(out) == {}
    _resize(small_disk, 1_000)
    assert job.billed(lake=lake, out=out) == expected
    former = files(out)
    disk = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(bytes((disk.f_bavail - 3) * disk.f_bsize))
    _stopped(runs.run(job.arguments("--quiet", lake=lake, out=out)), runs.printed)
    assert files(out) == former


def test_a_disk_that_fills_up_while_a_chunk_is_written(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is named, since the error itself names no file."""
    job.put("data-api/a.jsonl", event("a"))

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(staging._ChunkWriter, "write", full)
        result = job.bill()
    assert result.exit_code == 1
    folder = job.lake / "work" / "batch-0"
    assert f"{folder}: No space left on device; nothing is half-written, make room" in result.stderr
    assert files(job.out) == {}
    assert job.billed().summary["events"] == 1


def test_standard_output_that_is_full(job: Job) -> None:
    """The results are written all the same; the exit code tells that the screen was not."""
    job.put("data-api/a.jsonl", event("a"))
    command = [*USAGELAKE, *job.arguments("--json")]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 1
    assert "No space left on device" in result.stderr
    assert job.outcome().summary["events"] == 1
