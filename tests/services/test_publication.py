"""What a period leaves is published as a whole: a fault on the way leaves the former results."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.forked_runs import GONE, ForkedRuns
from tests.cli.landings import event, price_book, request
from tests.cli.main_job import Job, Outcome, files, read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMES = ("rename", "replace")


@pytest.fixture
def billed(job: Job) -> Job:
    """A job that has been billed at one price and is to be billed at another."""
    job.put("apigw_access/a.jsonl", request("a"), request("b", key="key-2"))
    job.put("data-api/a.jsonl", event("a"), "{")
    job.billed()
    job.write_pricing(price_book().replace('"0.01"', '"0.02"'))
    return job


def _billed_anew(job: Job) -> Outcome:
    outcome = job.billed(out=job.folder / "elsewhere")
    assert outcome.summary["total"] == {"USD": "0.05"}
    return outcome


def _hidden(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.startswith(".")]


class _Fault:
    """Lets the n-th call of some methods of `Path` fail as on a full disk."""

    def __init__(self, patch: pytest.MonkeyPatch, below: Path, number: int, names: tuple[str, ...]) -> None:
        self.calls = 0
        self._below = below
        self._number = number
        for name in names:
            patch.setattr(Path, name, self._failing(getattr(Path, name)))

    def _failing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def failing(path: Path, *arguments: Any, **named: Any) -> Any:
            if self._below in path.parents:
                self.calls += 1
                if self.calls == self._number:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return method(path, *arguments, **named)

        return failing


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("names", [("write_bytes",), ("rename",)])
def test_a_fault_leaves_the_former_results(
    billed: Job, monkeypatch: pytest.MonkeyPatch, number: int, names: tuple[str, ...]
) -> None:
    """Neither a file that cannot be written nor a folder that cannot be renamed changes what stands."""
    former = files(billed.out)
    with monkeypatch.context() as patch:
        _Fault(patch, billed.out, number, names)
        result = billed.bill()
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    assert str(billed.out) in result.stderr
    assert "make room and run again" in result.stderr
    assert files(billed.out) == former
    assert not _hidden(billed.out)
    assert billed.billed() == _billed_anew(billed)


def test_a_first_run_that_fails_leaves_no_file(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are no former results to stand."""
    job.put("data-api/a.jsonl", event("a"))
    with monkeypatch.context() as patch:
        _Fault(patch, job.out, 1, ("rename",))
        assert job.bill().exit_code == 1
    assert files(job.out) == {}
    assert job.billed().summary["events"] == 1


def test_usage_that_cannot_be_written_leaves_the_former_results(billed: Job) -> None:
    """The engine writes two of the files itself; a folder in the way of the second stops it."""
    former = files(billed.out)
    obstacle = billed.out / ".quarantine.ndjson.coming"
    obstacle.mkdir()
    result = billed.bill()
    assert result.exit_code == 1
    assert "quarantine.ndjson" in result.stderr
    obstacle.rmdir()
    assert files(billed.out) == former


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedRuns]:
    """Runs that can die."""
    with ForkedRuns(tmp_path_factory.mktemp("forked"), batch_objects=100) as runs:
        yield runs


def test_a_process_that_ends_after_a_rename(billed: Job, forked: ForkedRuns) -> None:
    """The period's invoices are the former ones or the new ones, never some of each."""
    former = billed.outcome().invoices
    anew = _billed_anew(billed)
    seen = []
    for number in range(1, 10):
        ended = forked.run(billed.arguments(), renames=number)
        left = files(billed.invoices)
        seen.append("former" if left == former else "new" if left == anew.invoices else left)
        assert read_json(billed.out / "summary.json")["total"]
        if ended == 0:
            break
        assert ended == GONE
        assert forked.run(billed.arguments()) == 0, forked.printed
        assert billed.outcome() == anew
        assert not _hidden(billed.out)
        book = price_book()
        billed.write_pricing(book)
        billed.billed()
        billed.write_pricing(book.replace('"0.01"', '"0.02"'))
    # Away comes the former folder, in its place the new one, then usage, quarantine and summary.
    assert seen == [{}, "new", "new", "new", "new", "new"]


def test_a_folder_taken_away_comes_back(billed: Job, forked: ForkedRuns) -> None:
    """Gone between the two renames, a run that then fails before it publishes leaves the former invoices."""
    former = files(billed.out)
    assert forked.run(billed.arguments(), renames=1) == GONE
    assert files(billed.invoices) == {}
    with pytest.MonkeyPatch.context() as patch:
        _Fault(patch, billed.out, 1, ("write_bytes",))
        assert billed.bill().exit_code == 1
    assert files(billed.out) == former


def test_another_period_is_left_alone(billed: Job) -> None:
    """A period's folder is replaced as a whole, and no other."""
    october = files(billed.invoices)
    stale = billed.invoices / "customer-that-left.json"
    stale.write_text("{}")
    november = Job(billed.folder, period="2025-11")
    november.billed()
    assert files(billed.invoices) == {**october, stale.name: b"{}"}
    assert billed.billed().invoices.keys() == october.keys()
    assert files(november.invoices).keys() == october.keys()
