"""`usagelake queries`, `check` and `simulate`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.landings import price_book, put
from tests.cli.main_job import Job, files, invoke, read_json, run
from usagelake.bootstrap import example_pricing
from usagelake.engines import load_queries

if TYPE_CHECKING:
    from pathlib import Path

METER = """\
-- name: mine
-- title: A meter of mine
-- description: What it is good for.
-- grain: one row per API key and hour
-- owner: me
-- param: start timestamp -- the first instant
-- param: end timestamp
SELECT 'api_key' AS subject_type, api_key_id AS subject_id, date_trunc('hour', event_time) AS hour,
    '' AS dimension, count(*) AS quantity, count(*) AS events
FROM billable_requests
WHERE event_time >= :start AND event_time < :end
GROUP BY api_key_id, date_trunc('hour', event_time)
"""


def test_queries_as_a_table() -> None:
    """Every one that can be asked, with its parameters and how to run it."""
    shown = invoke("queries").stdout
    for query in load_queries().all("analyst", "audits", "billing", "meters", "views"):
        assert query.name in shown
        assert query.title in shown
    assert "merge_api_requests" not in shown
    assert "merge_api_requests" in invoke("queries", "--all").stdout
    assert "Run one with: usagelake query NAME --lake DIR --param name=value" in shown


def test_queries_as_json() -> None:
    """With everything that the header says; nothing else is printed."""
    listed = json.loads(run("queries", "meters", "--json").stdout)
    assert [query["name"] for query in listed] == [meter.name for meter in load_queries().meters()]
    assert [param["name"] for param in listed[0]["params"]] == ["start", "end"]
    assert listed[0]["digest"].startswith("sha256:")


def test_queries_of_ones_own(tmp_path: Path) -> None:
    """They stand among the packaged ones."""
    put(tmp_path / "meters" / "mine.sql", METER)
    listed = json.loads(invoke("queries", "meters", "--queries", tmp_path, "--json").stdout)
    (mine,) = [query for query in listed if query["name"] == "mine"]
    assert (mine["title"], mine["owner"], mine["description"]) == ("A meter of mine", "me", "What it is good for.")
    assert mine["params"][0]["description"] == "the first instant"


def test_a_kind_that_there_is_not() -> None:
    """The kinds are named."""
    result = invoke("queries", "metres")
    assert result.exit_code == 2
    assert "there is no query of kind metres; kinds are analyst, audits" in result.stderr


def test_check_finds_nothing(job: Job, tmp_path: Path) -> None:
    """In the examples, in the packaged queries, in a meter of one's own."""
    put(tmp_path / "queries" / "meters" / "mine.sql", METER)
    own = ["--pricing", job.pricing, "--queries", tmp_path / "queries"]
    for arguments in ([], ["--pricing", example_pricing()], own):
        result = invoke("check", *arguments)
        assert (result.exit_code, result.stdout, result.stderr) == (0, "all is well\n", "")
    assert invoke("check", "--quiet").stdout == ""
    assert json.loads(invoke("check", "--json").stdout) == {"ok": True, "faults": []}


def test_check_finds_everything_at_once(job: Job, tmp_path: Path) -> None:
    """Prices, customers and queries, each fault with its place."""
    queries = tmp_path / "queries"
    put(queries / "meters" / "mine.sql", METER.replace("FROM billable_requests", "FROM billable_request"))
    put(queries / "analyst" / "yours.sql", METER.replace("mine", "yours").replace("GROUP BY api_key_id", "GROUP BY 2"))
    job.write_pricing(price_book().replace('"0.01"', "0.01"), "subject_type,subject_id\napi_key,key-1\n")
    result = invoke("check", "--pricing", job.pricing, "--queries", queries)
    assert (result.exit_code, result.stdout) == (2, "")
    for words in ("mine.sql", "billable_request", "price_book.toml", "unit_price", "customers.csv"):
        assert words in result.stderr
    as_json = invoke("check", "--pricing", job.pricing, "--queries", queries, "--json")
    assert as_json.exit_code == 2
    report = json.loads(as_json.stdout)
    assert report["ok"] is False
    assert len(report["faults"]) >= 3
    assert as_json.stderr == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("count(*) AS quantity,", "count(*) AS amount,"), ["no column quantity", "amount"]),
        (("count(*) AS quantity", "1.5 AS quantity"), ["quantity", "decimal"]),
        (("count(*) AS quantity", "sum(1e0) AS quantity"), ["quantity", "double"]),
        (("'' AS dimension, ", ""), ["no column dimension"]),
        (("GROUP BY api_key_id, ", "GROUP BY subject_id, "), ["subject_id"]),
        (("api_key_id AS subject_id", "read_text('/etc/passwd') AS subject_id"), ["read_text"]),
    ],
)
def test_check_judges_a_meter(tmp_path: Path, change: tuple[str, str], said: list[str]) -> None:
    """Whatever would keep it from being rolled up, here or on Athena."""
    assert change[0] in METER
    put(tmp_path / "meters" / "mine.sql", METER.replace(*change))
    result = invoke("check", "--queries", tmp_path)
    assert result.exit_code == 2
    for words in ("mine.sql", *said):
        assert words in result.stderr


def test_what_check_refuses_bill_refuses(job: Job, tmp_path: Path) -> None:
    """Before anything is written."""
    put(tmp_path / "queries" / "meters" / "mine.sql", METER.replace("count(*) AS quantity,", "count(*) AS amount,"))
    result = job.bill("--queries", tmp_path / "queries")
    assert result.exit_code == 2
    assert "mine.sql" in result.stderr
    assert not job.out.exists()


SMALL = ("--api-requests", "600", "--billing-events", "600")


def test_simulate_is_what_bill_bills(tmp_path: Path) -> None:
    """The account of what was made equals the summary of what was billed; the same seed makes the same bytes."""
    made = invoke("simulate", "--out", tmp_path / "a", *SMALL, "--seed", "7", "--json")
    assert made.exit_code == 0
    expected = json.loads(made.stdout)
    assert expected == read_json(tmp_path / "a" / "expected.json")
    job = Job(tmp_path / "a")
    outcome = job.billed()
    assert {name: outcome.summary[name] for name in expected["summary"]} == expected["summary"]
    used: dict[str, dict[str, int]] = {}
    for meter, subject_type, subject_id, _, _, quantity, _ in outcome.usage:
        of = used.setdefault(f"{subject_type}:{subject_id}", {})
        of[meter] = of.get(meter, 0) + int(quantity)
    assert used == {
        subject: {meter: int(quantity) for meter, quantity in usage.items()}
        for source in expected["sources"].values()
        for subject, usage in source["usage"].items()
    }
    reasons: dict[str, int] = {}
    for line in outcome.quarantine:
        reasons[line["reason"]] = reasons.get(line["reason"], 0) + line["occurrences"]
    counted: dict[str, int] = {}
    for source in expected["sources"].values():
        for reason, lines in source["reasons"].items():
            counted[reason] = counted.get(reason, 0) + lines
    assert reasons == counted

    assert invoke("simulate", "--out", tmp_path / "b", *SMALL, "--seed", "7", "--quiet").stdout == ""
    assert files(tmp_path / "b" / "landing") == files(job.landing)
    assert files(tmp_path / "b" / "pricing") == files(job.pricing)
    invoke("simulate", "--out", tmp_path / "c", *SMALL, "--seed", "8", "--quiet")
    assert files(tmp_path / "c" / "landing") != files(job.landing)


def test_simulate_clean_traffic(tmp_path: Path) -> None:
    """Nothing in it needs attention but who owns what."""
    shown = invoke("simulate", "--out", tmp_path, *SMALL, "--clean").stdout
    assert "1,200 lines = 1,200 events + 0 duplicates + 0 to be quarantined" in shown
    assert f"bill them with: usagelake bill --landing {tmp_path / 'landing'}" in shown
    summary = Job(tmp_path).billed().summary
    assert (summary["lines"], summary["events"], summary["unreadable_objects"]) == (1200, 1200, 0)


def test_simulate_writes_into_no_folder_that_holds_something(tmp_path: Path) -> None:
    """What lies there is left as it is."""
    put(tmp_path / "landing" / "mine.jsonl", "mine")
    result = invoke("simulate", "--out", tmp_path, *SMALL)
    assert result.exit_code == 2
    assert str(tmp_path / "landing") in result.stderr
    assert files(tmp_path) == {"landing/mine.jsonl": b"mine\n"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--period", "2025-13"), "month 13 does not exist"),
        (("--api-requests", "-1"), "api_requests is -1: give at least 0"),
        (("--duplicates", "2"), "duplicates is 2.0: give a rate from 0 to 0.5"),
        (("--duplicates", "nan"), "duplicates is nan"),
        (("--layout", "other"), "'other' is not one of"),
        (("--customers", "1", "--object-bytes", "1"), "customers is 1: give at least 2"),
    ],
)
def test_simulate_refuses(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """With what it takes; nothing is made."""
    result = invoke("simulate", "--out", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "out").exists()
