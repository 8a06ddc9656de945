"""`usagelake reconcile delivery` as a user runs it: what it prints, what it writes, how it exits."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.landings import NOON, event, put, request
from tests.cli.main_job import invoke
from tests.services.delivery_worlds import Remote
from usagelake.domain.manifest import Manifest

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

KEY = "landing/internal_model_total_tokens/2025/10/05/12/00"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five events logged; one lost, one altered, one twice, one nobody logged; a bad line on either side."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "logs/a.log", event("same"), event("lost"), event("altered"), "garbage")
    put(
        tmp_path / "logs/b.log.gz",
        gzip.compress(f"{event('twice')}\n{event('late', '2025-10-06T00:00:00Z')}\n".encode()),
    )
    put(tmp_path / KEY / "a.jsonl", event("same"), event("altered", usage=6), event("twice"))
    put(tmp_path / KEY / "b.jsonl.gz", gzip.compress(f"{event('twice')}{event('nobody')}\n[]".encode()))
    put(tmp_path / "landing/t/2025/10/06/00/00/c.jsonl", event("late", "2025-10-06T00:00:00Z"))
    put(tmp_path / "landing/apigw_access/2025/10/05/12/00/a.jsonl", request("r"))
    return tmp_path


def _delivery(*arguments: object) -> Result:
    return invoke("reconcile", "delivery", "--emitted", "logs", "--landing", "landing", *arguments)


def test_what_differs_is_told_and_is_exit_3(place: Path) -> None:
    """Counts per minute, names, and what was not compared; to programs and to people alike."""
    result = _delivery("--json")
    assert result.exit_code == 3, result.stderr
    told = json.loads(result.stdout)
    assert told["equal"] is False
    assert told["total"] == {
        "emitted": 5, "landed": 5, "missing": 1, "extra": 1, "different": 1, "duplicate": 1, "in_several": 1,
        "emitted_again": 0,
    }  # fmt: skip
    assert [row["minute"] for row in told["minutes"]] == ["2025-10-05T12:00:00Z", "2025-10-06T00:00:00Z"]
    assert {kind: [one["id"] for one in named] for kind, named in told["named"].items()} == {
        "missing": ["lost"], "extra": ["nobody"], "different": ["altered"], "duplicate": ["twice"],
    }  # fmt: skip
    assert told["emitted"]["rejected"] == [
        {"reason": "line is not valid JSON", "lines": 1, "example": "logs/a.log"},
    ]
    assert told["landed"]["rejected"][0]["reason"] == "line is not a JSON object"
    assert told["left_out"]["access_logs"] == 1
    shown = _delivery()
    assert shown.exit_code == 3
    for words in (
        "lost (internal_model_total_tokens, 2025-10-05T12:00:00Z) emitted in logs/a.log",
        "altered (internal_model_total_tokens, 2025-10-05T12:00:00Z) emitted in logs/a.log, landed in internal_model",
        "1 x line is not valid JSON (in logs/a.log)",
        "1 objects of access logs",
        "they differ",
    ):
        assert words in shown.stdout
    assert "Traceback" not in shown.output
    quiet = _delivery("--quiet")
    assert (quiet.exit_code, quiet.output) == (3, "")
    assert (place / "logs/a.log").exists()


def test_details_are_all_of_it(place: Path) -> None:
    """Even what is not shown; a line for each finding and each bad line; the file is whole or not there."""
    result = _delivery("--details", "amiss.ndjson", "--named", "0")
    assert result.exit_code == 3
    lines = [json.loads(line) for line in (place / "amiss.ndjson").read_text(encoding="utf-8").splitlines()]
    assert sorted(line["kind"] for line in lines) == [
        "different", "duplicate", "extra", "missing", "rejected", "rejected",
    ]  # fmt: skip
    missing = next(line for line in lines if line["kind"] == "missing")
    assert missing == {
        "kind": "missing",
        "id": "lost",
        "event_type": "internal_model_total_tokens",
        "timestamp": "2025-10-05T12:00:00Z",
        "emitted_in": "logs/a.log",
        "landed_in": None,
    }
    before = (place / "amiss.ndjson").read_bytes()
    (place / KEY / "broken.jsonl").symlink_to("nowhere")
    assert _delivery("--details", "amiss.ndjson").exit_code == 1
    assert (place / "amiss.ndjson").read_bytes() == before
    assert not list(place.glob(".*.coming"))


def test_a_window_that_is_equal_is_exit_0(place: Path) -> None:
    """A date is its first moment in UTC; what is outside is counted."""
    result = _delivery("--from", "2025-10-06", "--to", "2025-10-07T02:00:00+02:00", "--json", "--margin", "1h")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["window"] == {"from": "2025-10-06T00:00:00Z", "to": "2025-10-07T00:00:00Z"}
    assert (told["total"]["emitted"], told["total"]["landed"], told["emitted"]["outside"]) == (1, 1, 4)
    assert told["left_out"]["by_time"] == 2
    assert "equal: each emitted event landed once" in _delivery("--from", "2025-10-06").stdout
    assert (place / "landing").exists()


def test_files_that_a_shell_has_expanded(place: Path) -> None:
    """Those after the first belong to --emitted, too."""
    names = ("logs/a.log", "logs/b.log.gz")
    result = invoke("reconcile", "delivery", "--emitted", *names, "--landing", "landing", "--json")
    assert json.loads(result.stdout)["emitted"]["files"] == 2
    assert place


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--emitted", "nowhere"), "--emitted nowhere: there is no such file"),
        (("--landing", "nowhere"), "nowhere"),
        (("--from", "2025-10-05 12:00"), "is no instant"),
        (("--from", "yesterday"), "is no instant"),
        (("--from", "2025-10-06", "--to", "2025-10-06"), "is empty"),
        (("--margin", "1"), "is no duration"),
        (("--mixed",), "--by-manifest"),
        (("--by-manifest", "--from", "2025-10-05T12:30:00Z"), "whole hours"),
    ],
)
def test_bad_usage_is_exit_2(place: Path, arguments: tuple[str, ...], words: str) -> None:
    """With a word on what to write."""
    result = _delivery(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""
    assert place


def test_the_help_teaches() -> None:
    """Each option, the exit codes, an example."""
    shown = invoke("reconcile", "delivery", "--help").stdout
    for words in ("--by-manifest", "Exits 0 when", "3 when", "usagelake reconcile delivery --emitted", "cannot see"):
        assert words in shown


def test_counts_of_objects_on_s3(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared by what stands beside the objects; what that cannot see is said."""
    asked: list[tuple[str, dict[str, str]]] = []
    body = f"{event('same')}\n{event('lost')}\n{event('altered')}\n{event('twice')}\n".encode()
    told = Manifest.of(body, [NOON] * 4).metadata()
    bodies = {"internal_model_total_tokens/2025/10/05/12/00/a.jsonl": b"", "odd/2025/10/05/12/00/b.jsonl": b""}
    storage = Remote(bodies, {min(bodies): told})

    def open_storage(location: str, **options: str) -> Remote:
        asked.append((location, options))
        return storage

    monkeypatch.setattr("usagelake.cli.reconcile.open_storage", open_storage)
    more = ("--by-manifest", "--endpoint-url", "http://127.0.0.1:9", "--to", "2025-10-06")
    result = _delivery(*more, "--json")
    assert asked == [("landing", {"endpoint_url": "http://127.0.0.1:9"})]
    assert result.exit_code == 3
    answer = json.loads(result.stdout)
    assert answer["hours"] == [
        {
            "event_type": "internal_model_total_tokens",
            "hour": "2025-10-05T12:00:00Z",
            "emitted": 4,
            "landed_at_least": 4,
            "landed_at_most": 4,
        }
    ]
    assert answer["landed"] == {"objects": 1, "without_manifest": 1, "without_manifest_example": max(bodies)}
    assert "cannot see which events" in answer["cannot_see"]
    shown = _delivery(*more).stdout
    for words in ("1 objects without a sound manifest (such as odd/", "they differ", "cannot see which events"):
        assert words in shown
    bodies.pop(max(bodies))
    agreed = _delivery(*more)
    assert agreed.exit_code == 0
    assert "the counts agree. Counts only" in agreed.stdout
    assert place.is_dir()
