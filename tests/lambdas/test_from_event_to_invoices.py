"""The scheduled functions, from event to usage and invoices: what `usagelake bill` makes of the same objects."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lambdas import bill_drafts, ingest_and_roll_up
from tests.cli.landings import event as billing_event
from tests.cli.landings import request
from tests.engines.athena.conftest import Environment, client, run_called
from tests.fakes.athena.faults import Fault
from tests.lambdas.functions import Context, event
from usagelake.domain.period import Period
from usagelake.engines import ad_hoc
from usagelake.errors import ConfigurationError, EngineError
from usagelake.services.drafts import newest_drafts, read_draft
from usagelake.storage import open_location
from usagelake.storage.lease import Lease

if TYPE_CHECKING:
    from tests.cli.main_job import Job

USAGE = "SELECT meter, subject_type, subject_id, hour, dimension, quantity, events FROM usage_hourly"


def _land(deployed: Environment, job: Job) -> None:
    """Put the landing of a folder into the landing bucket."""
    bucket = deployed.places.landing.removeprefix("s3://")
    for path in sorted(job.landing.rglob("*.jsonl")):
        key = str(path.relative_to(job.landing))
        client("s3").put_object(Bucket=bucket, Key=key, Body=path.read_bytes())


def _some_hours(job: Job) -> None:
    """Three hours of two sources, with a duplicate, a bad line, a key that nobody owns, and what came late."""
    for hour in (11, 12, 13):
        time = f"2025-10-05T{hour}:30:00Z"
        job.put(
            f"apigw_access/2025/10/05/{hour}/35/a.jsonl",
            *(request(f"r{hour}-{number}", time, key=f"key-{number % 3 + 1}") for number in range(6)),
            request(f"r{hour}-0", time),
            '{"extendedRequestId":',
        )
        job.put(f"apigw_access/2025/10/05/{hour}/40/b.jsonl", request("r11-1", "2025-10-05T11:30:00Z", key="key-2"))
    job.put("apigw_access/2025/10/05/13/59/c.jsonl", request("late", "2025-10-04T23:59:59Z"))


def _rows(deployed: Environment, sql: str) -> list[tuple[Any, ...]]:
    with deployed.open(run=run_called("look"), read_only=True) as engine:
        return sorted(engine.fetch(ad_hoc(sql)).rows, key=repr)


def _assert_billed_alike(deployed: Environment, job: Job) -> None:
    """Usage, quarantine and invoices are those of the embedded engine on the same objects."""
    billed = job.billed()
    assert _rows(deployed, USAGE) == sorted((row[:7] for row in billed.usage), key=repr)
    drafts = open_location(deployed.places.drafts)
    newest = newest_drafts(drafts, Period.parse("2025-10"))
    assert newest is not None
    found = {name: json.loads(read_draft(drafts, newest, name)) for name in newest.files}
    summary = found.pop("summary.json")
    assert {**summary, "run": None} == {**billed.summary, "run": None}
    wanted = {f"invoices/{name}": json.loads(body) for name, body in billed.invoices.items()}
    for invoice in (*found.values(), *wanted.values()):
        invoice["evidence"].pop("engine")
    assert found == wanted != {}


def test_every_hour_then_a_draft(deployed: Environment, job: Job) -> None:
    """Three hourly runs whose windows overlap take each object once; the draft is the bill."""
    _some_hours(job)
    _land(deployed, job)
    taken = [
        ingest_and_roll_up.handler(event("hourly", scheduled_time=f"2025-10-05T{hour}:00:00Z"), Context(f"id-{hour}"))
        for hour in (12, 13, 14)
    ]
    assert [counts["ObjectsTaken"] for counts in taken] == [4, 3, 0]
    assert [counts["LinesQuarantined"] for counts in taken] == [2, 1, 0]
    assert all(counts["BytesScanned"] > 0 for counts in taken[:2])
    drafted = bill_drafts.handler(event("drafts"), Context("id-drafts"))
    assert drafted["DraftsWritten"] == 2 * 2
    assert drafted["Unassigned"] == 1
    _assert_billed_alike(deployed, job)
    lines = _rows(deployed, "SELECT customer_id, sum(amount) FROM invoice_lines WHERE period = '2025-10' GROUP BY 1")
    assert len(lines) == 2


def test_a_sweep_finds_what_every_hourly_run_has_missed(deployed: Environment, job: Job) -> None:
    """An object that came after its hour, and one of a writer that nobody has named."""
    job.put("apigw_access/2025/09/05/11/35/old.jsonl", request("old", "2025-10-01T11:30:00Z"))
    job.put("new-writer/2025/10/05/13/00/a.jsonl", billing_event("e1", "2025-10-05T12:00:00Z"))
    job.put("new-writer/2024/12/31/23/00/a.jsonl", billing_event("e2", "2024-12-31T12:00:00Z"))
    _land(deployed, job)
    assert ingest_and_roll_up.handler(event("hourly"), Context("1"))["ObjectsTaken"] == 0
    assert ingest_and_roll_up.handler(event("sweep"), Context("2"))["ObjectsTaken"] == 2
    assert ingest_and_roll_up.handler(event("sweep"), Context("3"))["ObjectsTaken"] == 0


def test_a_run_that_is_short_of_time_leaves_the_rest_to_the_next(
    deployed: Environment, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has taken is rolled up; the next one goes on, and nothing is doubled."""
    monkeypatch.setattr("usagelake.engines.athena.landing.BATCH_OBJECTS", 3)
    _some_hours(job)
    _land(deployed, job)
    counts = [
        ingest_and_roll_up.handler(event("sweep"), Context(f"id-{number}", seconds_left=300)) for number in range(3)
    ]
    assert [(each["ObjectsTaken"], each["ObjectsWaiting"]) for each in counts] == [(3, 4), (3, 1), (1, 0)]
    bill_drafts.handler(event("drafts"), Context("id-drafts"))
    _assert_billed_alike(deployed, job)


def test_a_call_that_comes_twice_at_once(deployed: Environment, job: Job) -> None:
    """One of the two works, the other says that the lake is busy; what lands in it is the same."""
    _some_hours(job)
    _land(deployed, job)

    def call(number: int) -> dict[str, int]:
        return ingest_and_roll_up.handler(event("sweep"), Context(f"id-{number}"))

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(call, range(2)))
    assert sorted(counts.get("ObjectsTaken", 0) for counts in found) == [0, 7]
    bill_drafts.handler(event("drafts"), Context("id-drafts"))
    _assert_billed_alike(deployed, job)


@pytest.mark.parametrize(
    "statement", ["merge_api_requests", "quarantine_api_requests", "record_objects", "usage_hourly"]
)
def test_a_statement_that_fails_heals(deployed: Environment, job: Job, statement: str) -> None:
    """The function fails with Athena's reason, for Lambda to try again; the next call makes up for it."""
    _some_hours(job)
    _land(deployed, job)
    sign = {
        "merge_api_requests": "MERGE INTO api_requests",
        "quarantine_api_requests": "MERGE INTO quarantine",
        "record_objects": "MERGE INTO ingested_objects",
        "usage_hourly": "MERGE INTO usage_hourly",
    }[statement]
    deployed.fail_with(Fault("fail", match=sign, reason="GENERIC_INTERNAL_ERROR: a worker was lost"))
    with pytest.raises(EngineError, match="a worker was lost"):
        ingest_and_roll_up.handler(event("sweep"), Context("id-1"))
    again = ingest_and_roll_up.handler(event("sweep"), Context("id-1"))
    assert again["ObjectsTaken"] == (0 if statement == "usage_hourly" else 7)
    bill_drafts.handler(event("drafts"), Context("id-drafts"))
    _assert_billed_alike(deployed, job)


def test_a_call_that_is_tried_again_need_not_wait_for_the_one_that_was_killed(deployed: Environment, job: Job) -> None:
    """It has the same request id, and so the same lease; anybody else has to wait."""
    _some_hours(job)
    _land(deployed, job)
    killed = Lease(
        open_location(deployed.places.work),
        f"leases/{deployed.places.database}",
        "sweep 2025-10-05T14:00:00Z (id-1)",
        timedelta(minutes=2),
        lambda: datetime.now(UTC),
    )
    killed.take()
    assert ingest_and_roll_up.handler(event("sweep"), Context("id-2")) == {"LakeBusy": 1, "BytesScanned": 0}
    assert ingest_and_roll_up.handler(event("sweep"), Context("id-1"))["ObjectsTaken"] == 7


def test_an_event_that_is_none(deployed: Environment) -> None:
    """It is named, and nothing was started."""
    with pytest.raises(ConfigurationError, match="scheduled_time is None"):
        ingest_and_roll_up.handler({"job": "hourly"}, Context())
    with pytest.raises(ConfigurationError, match="job is 'monthly'"):
        bill_drafts.handler(event("drafts", job="monthly"), Context())
    assert deployed.journal() == []


def test_prices_that_are_wrong(deployed: Environment) -> None:
    """Every fault is in the error that goes to the dead-letter queue, and no draft is written."""
    bucket = deployed.places.pricing.removeprefix("s3://").split("/")[0]
    client("s3").put_object(Bucket=bucket, Key="pricing/price_book.toml", Body=b'currency = "USD"\nplans = 3\n')
    with pytest.raises(ConfigurationError, match="plans"):
        bill_drafts.handler(event("drafts"), Context())
    assert newest_drafts(open_location(deployed.places.drafts), Period.parse("2025-10")) is None


def test_what_is_told(
    deployed: Environment, job: Job, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A log line with the figures, and the figures as metrics under the environment."""
    _some_hours(job)
    _land(deployed, job)
    counts = ingest_and_roll_up.handler(event("sweep"), Context("id-1"))
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
    assert [metrics["environment"] for metrics in told] == [deployed.name]
    assert {name: told[0][name] for name in counts} == {name: [float(count)] for name, count in counts.items()}
    assert told[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "usagelake"
    done = [record for record in caplog.records if record.message == "done"]
    assert [record.counts for record in done] == [counts]  # type: ignore[attr-defined]
