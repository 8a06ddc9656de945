"""What `usagelake bill` shows, prints for scripts, and keeps to itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.landings import CUSTOMERS, event, price_book, request
from tests.cli.main_job import Job, invoke, read_json, run

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def mixed(job: Job) -> Iterator[Job]:
    """Two customers, a key and a resource that nobody owns, a call without a key, a meter without a price."""
    job.put(
        "apigw_access/a.jsonl",
        request("1"),
        request("2"),
        request("2"),
        request("3", key="key-2"),
        request("4", key="[red]:100:"),
        request("5", key="-"),
        request("6", "2025-11-01T00:00:00Z"),
    )
    job.put("data-api/a.jsonl", event("1"), event("2", resource_id="db-?"), "{")
    free = '[[plan.version.charge]]\nid = "response_bytes"\nmeter = "response_bytes"\nmodel = "free"\n'
    job.write_pricing(price_book().replace(free, ""))
    return job


SUMMARY = {
    "period": "2025-10",
    "objects": 2,
    "unreadable_objects": 0,
    "lines": 10,
    "events": 8,
    "duplicates": 1,
    "quarantined": 1,
    "keyless": 1,
    "unassigned": [
        {
            "subject_type": "api_key",
            "subject_id": "[red]:100:",
            "meters": {"api_requests": "1", "response_bytes": "100"},
        },
        {"subject_type": "resource", "subject_id": "db-?", "meters": {"internal_tokens": "5"}},
    ],
    "unpriced": [{"plan_id": "basic", "meter": "response_bytes", "quantity": "300"}],
    "invoices": 2,
    "total": {"USD": "0.04"},
    "run": {"new_objects": 2, "new_events": 8},
}


def test_json(mixed: Job) -> None:
    """The summary, and nothing else on standard output."""
    result = mixed.bill("--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == SUMMARY
    assert result.stdout == (mixed.out / "summary.json").read_text()


def test_json_as_a_process(mixed: Job) -> None:
    """The same where a terminal could be thought of."""
    result = run(*mixed.arguments("--json"), env={"FORCE_COLOR": "1", "TERM": "xterm"})
    assert json.loads(result.stdout) == SUMMARY


def test_quiet(mixed: Job) -> None:
    """Nothing at all, on either stream."""
    result = run(*mixed.arguments("--quiet"))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert read_json(mixed.out / "summary.json") == SUMMARY
    assert run(*mixed.arguments("-q")).stdout == ""


def test_quiet_errors(mixed: Job) -> None:
    """An error is said all the same."""
    result = Job(mixed.folder, period="2025-13").bill("--quiet")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "month 13 does not exist" in result.stderr


def test_the_screen(mixed: Job) -> None:
    """The invoices as a table, the counts, what needs attention, and where the files lie."""
    shown = mixed.bill().stdout
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[0] == "Invoices 2025-10"
    assert "cust-1 One & Co basic 2 0.03" in lines
    assert "cust-2 Two Ltd basic 1 0.01" in lines
    assert "2 invoices, USD 0.04 in total" in lines
    assert "10 lines in 2 objects = 8 events + 1 duplicates + 1 quarantined" in lines
    assert (
        "• 1 line of billing_events in quarantine: line is not valid JSON (in data-api/a.jsonl); see quarantine.ndjson"
        in lines
    )
    assert (
        "• api_key [red]:100: has usage and no customer: 1 api_requests, 100 response_bytes; add it to customers.csv"
        in lines
    )
    assert '• plan basic has no price for 300 response_bytes; add a charge, or one with model = "free"' in lines
    assert f"Written to {mixed.out}: invoices/2025-10/, usage_hourly.parquet, quarantine.ndjson, summary.json" in lines


def test_odd_names_on_the_screen(job: Job) -> None:
    """Names are text: neither markup nor emoji."""
    job.put("apigw_access/a.jsonl", request("1", key="key-2"))
    job.write_pricing(
        price_book().replace('id = "basic"', 'id = "[bold]:100:[/]"'),
        CUSTOMERS.replace(",basic,", ",[bold]:100:[/],").replace("Two Ltd", "[/red] :smile: \\"),
    )
    shown = job.bill().stdout
    assert "[/red] :smile: \\" in shown
    assert "[bold]:100:[/]" in shown


def test_many_invoices(job: Job) -> None:
    """The screen shows fifty, and says how many there are; all of them are written."""
    rows = [f"api_key,key-{number},many-{number},Many,basic,2020-01-01," for number in range(100, 160)]
    job.write_pricing(customers="\n".join([CUSTOMERS.splitlines()[0], *rows]) + "\n")
    shown = job.bill().stdout
    assert "many-149" in shown
    assert "many-150" not in shown
    assert "… and 10 more" in shown
    assert len(job.outcome().invoices) == 60


def test_the_invoice(mixed: Job) -> None:
    """Lines and amounts as the prices say; the evidence names what they rest on, and no clock."""
    mixed.billed()
    invoice = read_json(mixed.invoices / "cust-1.json")
    assert invoice["status"] == "draft"
    assert invoice["total"] == "0.03"
    members = ("charge_id", "quantity", "amount_exact", "amount")
    assert [tuple(line[member] for member in members) for line in invoice["lines"]] == [
        ("api_requests", "2", "0.02", "0.02"),
        ("internal_tokens", "5", "0.005", "0.01"),
    ]
    evidence = invoice["evidence"]
    assert evidence["cutoff"] is None
    assert {"api_requests", "billable_requests", "internal_tokens"} <= evidence["queries"].keys()
    for digest in (*evidence["queries"].values(), evidence["price_book"], evidence["customers"], evidence["manifest"]):
        assert digest.startswith("sha256:")
        assert len(digest) == len("sha256:") + 64
    assert evidence["engine"].startswith("duckdb ")


def test_addresses_are_kept_on_request(job: Job) -> None:
    """Truncated; without the setting nothing of an address enters the lake."""
    lines = [request("4", sourceIp="203.0.113.77"), request("6", sourceIp="2001:db8:1:2:3::4"), request("no")]
    job.put("apigw_access/a.jsonl", *lines)
    job.billed()
    assert job.ask("SELECT DISTINCT source_ip FROM api_requests") == [{"source_ip": None}]
    lake = job.folder / "with"
    result = invoke(*job.arguments(lake=lake), env={"USAGELAKE_KEEP_SOURCE_IP": "on"})
    assert result.exit_code == 0
    kept = Job(job.folder)
    sql = "SELECT request_id, source_ip FROM api_requests ORDER BY request_id"
    found = json.loads(invoke("query", "--lake", lake, "--format", "json", "--sql", sql).stdout)
    assert [row["source_ip"] for row in found] == ["203.0.113.0", "2001:db8:1::", None]
    assert b"203.0.113.77" not in b"".join(path.read_bytes() for path in kept.lake.rglob("*") if path.is_file())


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns"])
def test_another_time_zone(mixed: Job, zone: str) -> None:
    """Where the machine stands changes nothing."""
    expected = mixed.billed()
    elsewhere = {"lake": mixed.folder / "lake-2", "out": mixed.folder / "out-2"}
    result = run(*mixed.arguments("--quiet", **elsewhere), env={"TZ": zone, "LC_ALL": "C"})
    assert result.returncode == 0, result.stderr
    assert mixed.outcome(elsewhere["out"]) == expected
