"""A lake takes in what is new and changes what that touches, and nothing else."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.landings import event, price_book, put, request
from tests.cli.main_job import Job, Outcome

if TYPE_CHECKING:
    from pathlib import Path

Rows = dict[tuple[Any, ...], tuple[Any, ...]]

PER_METHOD = """\
-- name: {name}
-- title: Billable requests by method
-- grain: one row per API key, hour and method
-- owner: billing
-- param: start timestamp
-- param: end timestamp
SELECT
    'api_key' AS subject_type,
    api_key_id AS subject_id,
    date_trunc('hour', event_time) AS hour,
    coalesce(method, '') AS dimension,
    {quantity} AS quantity,
    count(*) AS events
FROM billable_requests
WHERE event_time >= :start AND event_time < :end
GROUP BY api_key_id, date_trunc('hour', event_time), coalesce(method, '')
"""
COUNT = "CAST(count(*) AS decimal(38, 0))"


@pytest.fixture
def week(job: Job) -> Job:
    """A week of both sources, one object a day, each with a duplicate and a bad line."""
    for day in range(1, 8):
        time = f"2025-10-{day:02}T09:30:00Z"
        job.put(
            f"apigw_access/2025/10/{day:02}/10/00/a.jsonl",
            request(f"r{day}", time),
            request(f"r{day}", time),
            request(f"k{day}", time, key="key-2"),
            '{"extendedRequestId":',
        )
        job.put(f"data-api/2025/10/{day:02}/10/00/b.jsonl", event(f"e{day}", time), event(f"e{day}", time), "[]")
    return job


def _hours(job: Job) -> Rows:
    """Give usage_hourly, clock and all."""
    found = job.ask("SELECT meter, subject_id, hour, dimension, quantity, events, computed_at FROM usage_hourly")
    return {
        (row["meter"], row["subject_id"], row["hour"], row["dimension"]): (
            row["quantity"],
            row["events"],
            row["computed_at"],
        )
        for row in found
    }


def _changed(before: Rows, after: Rows) -> set[tuple[Any, ...]]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def test_a_second_run_reads_nothing(week: Job) -> None:
    """Nothing new changes nothing, not even a clock in the lake."""
    first = week.billed()
    assert week.run_share() == {"new_objects": 14, "new_events": 21}
    assert first.summary["duplicates"] == 14
    assert first.summary["quarantined"] == 14
    tables = ("api_requests", "billing_events", "usage_hourly", "quarantine", "ingested_objects", "customers")
    held = {table: week.ask(f"SELECT * FROM {table}") for table in tables}
    assert week.billed() == first
    assert week.run_share() == {"new_objects": 0, "new_events": 0}
    assert {table: week.ask(f"SELECT * FROM {table}") for table in tables} == held
    assert week.ask("SELECT * FROM stale_hours") == []


def test_late_files_change_only_their_hours(week: Job) -> None:
    """A late file touches the hours of its own events; a duplicate in it touches nothing."""
    week.billed()
    before = _hours(week)
    week.put(
        "apigw_access/2025/10/31/00/00/late.jsonl",
        request("late", "2025-10-03T09:00:00Z", responseLength="7"),
        request("r5", "2025-10-05T09:30:00Z"),
        request("refused", "2025-10-06T09:00:00Z", status="429"),
        request("other hour", "2025-10-03T10:00:00Z"),
    )
    outcome = week.billed()
    assert week.run_share() == {"new_objects": 1, "new_events": 3}
    assert outcome.summary["duplicates"] == 15
    third, tenth = "2025-10-03 09:00:00", "2025-10-03 10:00:00"
    after = _hours(week)
    assert _changed(before, after) == {
        (meter, "key-1", hour, "") for meter in ("api_requests", "response_bytes") for hour in (third, tenth)
    }
    assert after["api_requests", "key-1", third, ""][:2] == (2, 2)
    assert after["response_bytes", "key-1", third, ""][:2] == (107, 2)


def test_a_meter_is_a_file(week: Job, tmp_path: Path) -> None:
    """Adding, changing and removing one recomputes that meter, and no other row."""
    week.billed()
    before = _hours(week)
    queries = tmp_path / "queries"
    meter = put(queries / "meters" / "per_method.sql", PER_METHOD.format(name="per_method", quantity=COUNT))
    added = week.billed("--queries", queries)
    assert added.summary["unpriced"] == [{"plan_id": "basic", "meter": "per_method", "quantity": "14"}]
    with_it = _hours(week)
    assert {key[0] for key in _changed(before, with_it)} == {"per_method"}
    assert len(with_it) == len(before) + 14

    put(meter, PER_METHOD.format(name="per_method", quantity=f"10 * {COUNT}"))
    changed = week.billed("--queries", queries)
    assert changed.summary["unpriced"] == [{"plan_id": "basic", "meter": "per_method", "quantity": "140"}]
    assert _changed(with_it, _hours(week)) == {key for key in with_it if key[0] == "per_method"}

    same_text = _hours(week)
    week.billed("--queries", queries)
    assert _hours(week) == same_text

    removed = week.billed()
    assert removed.summary["unpriced"] == []
    assert _hours(week) == before
    assert week.ask("SELECT meter FROM rolled_meters WHERE meter = 'per_method'") == []


def test_a_meter_can_be_replaced(week: Job, tmp_path: Path) -> None:
    """A file of a packaged meter's name takes its place; its digest stands in the evidence."""
    plain = week.billed()
    queries = tmp_path / "queries"
    put(queries / "meters" / "api_requests.sql", PER_METHOD.format(name="api_requests", quantity=f"2 * {COUNT}"))
    doubled = week.billed("--queries", queries)
    assert plain.summary["total"] == {"USD": "0.18"}
    assert doubled.summary["total"] == {"USD": "0.32"}
    assert doubled.invoices["cust-1.json"] != plain.invoices["cust-1.json"]
    assert week.billed() == plain


def test_another_billing_policy_recomputes_the_request_meters(week: Job, tmp_path: Path) -> None:
    """The meters that read the view, and they alone; hours that lose all their usage lose their rows."""
    plain = week.billed()
    before = _hours(week)
    queries = tmp_path / "queries"
    put(
        queries / "views" / "billable_requests.sql",
        "-- name: billable_requests\n-- title: No one but key-1\n-- grain: one row per request\n-- owner: billing\n"
        "SELECT request_id, event_time, api_key_id, method, request_bytes, response_bytes\n"
        "FROM api_requests WHERE api_key_id = 'key-1'",
    )
    strict = week.billed("--queries", queries)
    after = _hours(week)
    assert _changed(before, after) == {key for key in before if key[0] in ("api_requests", "response_bytes")}
    assert {key for key in before if key not in after} == {key for key in before if key[1] == "key-2"}
    assert strict.summary["total"] == {"USD": "0.11"}
    assert week.billed() == plain


def test_a_meter_may_count_in_any_whole_number(week: Job, tmp_path: Path) -> None:
    """Of whatever type, and whichever meter comes first."""
    queries = tmp_path / "queries"
    kinds = {
        "bigint": "count(*)",
        "integer": "CAST(count(*) AS integer)",
        "decimal": "CAST(count(*) AS decimal(9, 0))",
        "huge": f"{COUNT} * DECIMAL '1000000000000000000000'",
    }
    for order in ("a", "z"):
        for kind, quantity in kinds.items():
            name = f"{order}_{kind}"
            put(queries / "meters" / f"{name}.sql", PER_METHOD.format(name=name, quantity=quantity))
    unpriced = {row["meter"]: row["quantity"] for row in week.billed("--queries", queries).summary["unpriced"]}
    assert unpriced == {f"{order}_{kind}": "14" + "0" * 21 * (kind == "huge") for order in ("a", "z") for kind in kinds}


def test_new_events_and_a_new_meter_at_once(week: Job, tmp_path: Path) -> None:
    """A meter computed as a whole holds the events of the same run, and so do the others."""
    week.billed()
    queries = tmp_path / "queries"
    put(queries / "meters" / "per_method.sql", PER_METHOD.format(name="per_method", quantity=COUNT))
    week.put("apigw_access/late.jsonl", request("late", "2025-10-03T09:00:00Z"))
    both = week.billed("--queries", queries)
    fresh = week.billed("--queries", queries, lake=tmp_path / "fresh", out=tmp_path / "fresh-out")
    assert both == fresh


def test_a_meter_whose_rows_can_vanish(week: Job, tmp_path: Path) -> None:
    """Late events may take a row away; what is left equals what one run would have computed."""
    queries = tmp_path / "queries"
    few = PER_METHOD.format(name="quiet_hours", quantity=COUNT) + "HAVING count(*) < 2\n"
    put(queries / "meters" / "quiet_hours.sql", few)
    week.billed("--queries", queries)
    week.put("apigw_access/late.jsonl", request("late", "2025-10-03T09:00:00Z"))
    late = week.billed("--queries", queries)
    assert late == week.billed("--queries", queries, lake=tmp_path / "fresh", out=tmp_path / "fresh-out")


def test_an_object_that_grows_after_it_was_taken(week: Job) -> None:
    """Landing is append-only and yet somebody appends: each event counts once, each reading's lines count."""
    week.billed()
    key = "apigw_access/2025/10/02/10/00/a.jsonl"
    before = week.billed().summary
    with (week.landing / key).open("a") as file:
        file.write(request("grown", "2025-10-02T09:45:00Z") + "\n")
    after = week.billed().summary
    assert week.run_share() == {"new_objects": 1, "new_events": 1}
    assert after["events"] == before["events"] + 1
    assert after["quarantined"] == before["quarantined"]
    assert after["lines"] == before["lines"] + 5
    assert after["lines"] == after["events"] + after["duplicates"] + after["quarantined"]
    assert after["total"] == {"USD": "0.19"}


def test_an_object_that_is_touched(week: Job) -> None:
    """The same content at another time is the same object: it is looked at, and nothing changes."""
    first = week.billed()
    before = _hours(week)
    for path in week.landing.rglob("*.jsonl"):
        os.utime(path, (0, 1_234_567_890))
    assert week.billed() == first
    assert week.run_share() == {"new_objects": 0, "new_events": 0}
    assert _hours(week) == before
    versions = week.ask("SELECT DISTINCT version FROM ingested_objects")
    assert versions == [{"version": "1234567890000000000"}]


def test_an_object_that_is_moved(week: Job) -> None:
    """The same content under another key is another object with duplicates alone."""
    first = week.billed()
    copied = week.landing / "apigw_access/2025/10/02/10/00/a.jsonl"
    shutil.copy(copied, copied.with_name("copy.jsonl"))
    second = week.billed()
    assert week.run_share() == {"new_objects": 1, "new_events": 0}
    assert second.summary["quarantined"] == first.summary["quarantined"] + 1
    assert second.summary["duplicates"] == first.summary["duplicates"] + 3
    assert second.usage == first.usage


def test_another_period_of_the_same_lake(week: Job) -> None:
    """Billing November reads nothing of October again, and leaves October's invoices alone."""
    last, first = event("o", "2025-10-31T23:59:59.999999Z"), event("n", "2025-11-01T00:00:00Z", usage=1000)
    week.put("data-api/november.jsonl", last, first)
    october = week.billed()
    november = Job(week.folder, period="2025-11")
    assert november.billed().summary["total"] == {"USD": "1.00"}
    assert november.run_share() == {"new_objects": 0, "new_events": 0}
    assert week.billed() == october
    assert october.summary["total"] == {"USD": "0.18"}


@pytest.mark.parametrize("seed", range(3))
def test_any_split_into_runs_ends_the_same(week: Job, tmp_path: Path, seed: int) -> None:
    """Objects may come in any order and in any number of runs."""
    dice = random.Random(seed)
    at_once = week.billed()
    drip = Job(tmp_path / "drip")
    shutil.copytree(week.pricing, drip.pricing)
    keys = [path.relative_to(week.landing) for path in sorted(week.landing.rglob("*.jsonl"))]
    dice.shuffle(keys)
    outcome: Outcome | None = None
    while keys:
        for _ in range(min(len(keys), dice.randint(1, 6))):
            key = keys.pop()
            target = drip.landing / key
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(week.landing / key, target)
        outcome = drip.billed()
    assert outcome == at_once


def test_prices_change_and_nothing_is_read(week: Job) -> None:
    """A new price book prices the same usage."""
    week.billed()
    before = _hours(week)
    week.write_pricing(price_book().replace('"0.01"', '"1"'))
    assert week.billed().summary["total"] == {"USD": "14.04"}
    assert week.run_share() == {"new_objects": 0, "new_events": 0}
    assert _hours(week) == before
