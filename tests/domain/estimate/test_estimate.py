"""The estimate, against arithmetic done by hand, at its bounds, and in what must hold always."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.roll_up_settings import RollUp
from infra.settings import Environment
from usagelake.domain.estimate import delivery, objects, running, statements
from usagelake.domain.estimate.estimate import Estimate, estimate
from usagelake.domain.estimate.item import Service
from usagelake.domain.estimate.workload import Cadence, Delivery, Workload
from usagelake.domain.landing import Source
from usagelake.engines.athena import landing, spending
from usagelake.services.cloud_prices import load_cloud_prices

ROOT = Path(__file__).resolve().parents[3]
PRICES = load_cloud_prices()
METERS = {Source.API_REQUESTS: 3, Source.BILLING_EVENTS: 6}
QUERY = Decimal("0.00005")
"""10 MB at 5 USD a TB: what a small query costs."""


def month(requests: int, events: int = 0, **settings: object) -> Workload:
    return replace(Workload(requests=requests, events=events, meters=METERS), **settings)  # type: ignore[arg-type]


def reckoned(requests: int, events: int = 0, **settings: object) -> Estimate:
    return estimate(month(requests, events, **settings), PRICES)


def amount(found: Estimate, service: Service, what: str) -> Decimal:
    amounts = [item.amount for item in found.items if (item.service, item.what) == (service, what)]
    assert len(amounts) == 1, what
    return amounts[0]


def test_the_delivery_of_a_million_lines() -> None:
    """700 MB in at 0.50 a GB, kept 90 of 31 days at 0.03, a record of 5 KB each at 0.029, unpacked at 0.00325."""
    found = reckoned(1_000_000)
    assert found.amount_of(Service.API_GATEWAY) == Decimal("3.5")
    assert amount(found, Service.LOGS, "lines in") == Decimal("0.35")
    kept = Decimal("0.7") * 90 / 31 * Decimal("0.03")
    assert abs(amount(found, Service.LOGS, "lines kept") - kept) < Decimal("1e-9")
    assert amount(found, Service.FIREHOSE, "records in") == Decimal("5.12") * Decimal("0.029")
    assert amount(found, Service.FIREHOSE, "lines unpacked") == Decimal("0.7") * Decimal("0.00325")


def test_straight_from_the_gateway() -> None:
    """There is nothing in CloudWatch Logs and nothing to unpack; the records cost the same, packed or not."""
    found = reckoned(1_000_000, delivery=Delivery.DIRECT, lines_per_record=7)
    assert found.amount_of(Service.LOGS) == 0
    assert found.amount_of(Service.FIREHOSE) == Decimal("5.12") * Decimal("0.029")


@pytest.mark.parametrize(
    ("lines", "per_record", "line", "charged"),
    [
        (1, 1, 700, 5120),
        (1, 1, 5120, 5120),
        (1, 1, 5121, 10_240),
        (14, 7, 700, 10_240),
        (15, 7, 700, 15_360),  # two full records of 4,900 bytes, and one line
        (16, 8, 700, 20_480),  # 5,600 bytes take two steps
        (3, 1000, 10, 5120),
    ],
)
def test_records_are_rounded_up(lines: int, per_record: int, line: int, charged: int) -> None:
    """Each by itself, the last one too that is not full."""
    found = reckoned(lines, lines_per_record=per_record, bytes_per_line=line)
    quantities = [item.quantity for item in found.items if item.what == "records in"]
    assert quantities == [charged]


@pytest.mark.parametrize(
    ("requests", "written"),
    [
        (0, 0),
        (1, 1),
        (8928, 8928),  # as many as there are stretches of 5 minutes in 31 days
        (8929, 8929),
        (8_000_000, 8928 + 1120),  # 5.6 GB in 5 MB
    ],
)
def test_objects_that_firehose_writes(requests: int, written: int) -> None:
    """Never more than lines; one each time the buffer is old, and each time it is full."""
    assert delivery.delivered_objects(month(requests)) == written


@pytest.mark.parametrize(
    ("events", "per_object", "written"),
    [(0, 50, 0), (1, 50, 1), (50, 50, 1), (51, 50, 2), (100_000_000, 50, 2_000_000)],
)
def test_objects_that_services_put(events: int, per_object: int, written: int) -> None:
    """The last one need not be full."""
    assert objects.written_objects(month(0, events, events_per_object=per_object)) == written


def test_small_objects_are_the_bill() -> None:
    """100 million events in objects of 50: puts 10 USD, reading each object once 0.80, as was found before."""
    found = reckoned(0, 100_000_000)
    assert amount(found, Service.S3, "objects put by services") == 10
    assert amount(found, Service.S3, "objects read") == Decimal("0.8")
    large = reckoned(0, 100_000_000, events_per_object=3000)
    assert amount(large, Service.S3, "objects put by services") == Decimal("0.16667")
    assert found.total - large.total > 20  # lists, reads, and what an object leaves in the tables come on top


def test_a_month_without_lines() -> None:
    """Idle it costs what looking, drafting and watching cost: 775 runs of 3 queries, 31 of 11, in 806 starts.

    22 alarms, 10 metrics and a dashboard are 0.10, 0.30 and 3 each.
    """
    found = reckoned(0)
    assert found.amount_of(Service.ATHENA) == (775 * 3 + 31 * 11) * QUERY
    assert found.per_million is None
    statements = 775 * 3 + 31 * 11
    seconds = 806 * 10 + statements * 3
    compute = -(-seconds * 1769 // 1000) * Decimal("0.0000133334")
    assert found.amount_of(Service.LAMBDA) == compute + 806 * Decimal("0.0000002")
    lists = 744 * 20 * 3 + 31 * 20
    puts, gets = lists + statements * 8, statements * 20
    assert found.amount_of(Service.S3) == puts * Decimal("0.000005") + gets * Decimal("0.0000004")
    assert found.amount_of(Service.CLOUDWATCH) == Decimal("2.2") + 3 + 3
    for none in (Service.LOGS, Service.FIREHOSE, Service.KMS, Service.GLUE, Service.SCHEDULER, Service.API_GATEWAY):
        assert found.amount_of(none) == 0


def test_the_statements_of_a_million_requests() -> None:
    """Small lines never leave the 10 MB of a query: it is the number of statements that costs.

    A run looks with 3, stages both sources with 2, takes one with 3, ends with 3, and rolls up 3 meters in 2 windows
    with 3 each.
    """
    found = reckoned(1_000_000)
    run = 3 + 2 + 3 + 3 + 3 * 2 * 3
    assert found.amount_of(Service.ATHENA) == (744 * run + 31 * 3 + 31 * 11) * QUERY
    assert found.cost_of_run == 11 * QUERY
    daily = reckoned(1_000_000, roll_up=Cadence.DAILY, drafts=Cadence.NEVER)
    assert daily.amount_of(Service.ATHENA) == (31 * run + 31 * 3) * QUERY


def test_what_is_scanned_counts_when_there_is_much() -> None:
    """A billion requests: 1.3 million lines a run, in 5 batches, whose merge looks through three days of ids."""
    found = reckoned(1_000_000_000, roll_up=Cadence.HOURLY, drafts=Cadence.NEVER)
    lines = -(-1_000_000_000 // 744)
    batches = 5  # of 192 MiB at most: 700 GB in 744 runs are 897 MiB each
    batch = -(-lines // batches)
    stored = -(-1_000_000_000 * 72 // 744)
    kept = (8928 + 140_000) * 13
    scanned = (
        max(batch * 5, 10_000_000)
        + batch * 160 + stored * 26
        + batch * 155 + stored * 34
    ) * batches  # fmt: skip
    items = {item.what.partition(": ")[2]: item.quantity for item in found.items if item.service is Service.ATHENA}
    assert items["ingest of api_requests"] == scanned * 744
    look = 10_000_000 * 2 + max(10_000_000, kept * 40)
    assert items["looking for what is new"] == look * 775


def test_a_key_of_ones_own() -> None:
    """A dollar, and one of a hundred requests of S3 at 0.03 per 10,000."""
    found = reckoned(1_000_000, customer_key=True)
    requests = sum(item.quantity for item in found.items if item.price.id in ("s3.puts", "s3.gets"))
    assert found.amount_of(Service.KMS) == 1 + -(-requests // 100) * Decimal("0.000003")
    assert reckoned(1_000_000).amount_of(Service.KMS) == 0


def test_kept_for_longer() -> None:
    """What so many months come to, lines and tables, at 0.023 a GB."""
    found = reckoned(1_000_000, 1_000_000, landing_months=24)
    assert amount(found, Service.S3, "lines kept") == Decimal("33.6") * Decimal("0.023")
    assert amount(found, Service.S3, "tables kept") == Decimal("1.728") * Decimal("0.023")


def test_analysts_and_crawlers_are_apart() -> None:
    """Nobody waits for an analyst's query in a function, and a crawler works by the hour."""
    quiet, asked = reckoned(1_000_000), reckoned(1_000_000, analyst_queries=1000, crawler_dpu_hours=2)
    assert asked.amount_of(Service.ATHENA) - quiet.amount_of(Service.ATHENA) == 1000 * 2 * QUERY
    assert asked.amount_of(Service.LAMBDA) == quiet.amount_of(Service.LAMBDA)
    assert asked.amount_of(Service.GLUE) == Decimal("0.88")


def test_the_total_is_the_sum_of_its_lines() -> None:
    """All but the gateway's, and per million it is cut behind six decimals."""
    found = reckoned(3_000_000, 4_000_000)
    lines = [item.amount for item in found.items if item.service is not Service.API_GATEWAY]
    assert found.total == sum(lines)
    assert found.total == sum(found.amount_of(service) for service in Service if service is not Service.API_GATEWAY)
    assert found.per_million is not None
    assert 0 <= found.total - found.per_million * 7 < Decimal("0.000007")


COUNTS = st.integers(0, 2_000) | st.integers(0, 10**10)
SETTINGS = st.fixed_dictionaries(
    {
        "bytes_per_line": st.integers(2, 20_000),
        "events_per_object": st.integers(1, 5000),
        "lines_per_record": st.integers(1, 50),
        "delivery": st.sampled_from(Delivery),
        "log_days": st.integers(1, 400),
        "landing_months": st.integers(1, 84),
        "roll_up": st.sampled_from([Cadence.HOURLY, Cadence.DAILY]),
        "drafts": st.sampled_from(Cadence),
        "windows": st.integers(1, 4),
        "customer_key": st.booleans(),
        "analyst_queries": st.integers(0, 1000),
    }
)


@given(COUNTS, COUNTS, st.integers(0, 10**9) | st.integers(0, 3), SETTINGS)
def test_more_lines_never_cost_less(requests: int, events: int, more: int, settings: dict[str, object]) -> None:
    """Neither as a whole nor by service, whatever the settings are."""
    before = reckoned(requests, events, **settings)
    for after in (reckoned(requests + more, events, **settings), reckoned(requests, events + more, **settings)):
        for service in Service:
            assert after.amount_of(service) >= before.amount_of(service), service


@given(COUNTS, COUNTS, SETTINGS)
def test_thrift_never_costs_more(requests: int, events: int, settings: dict[str, object]) -> None:
    """Larger objects, no log group, fewer windows, fewer drafts, a shorter memory."""
    for thrift in (
        {"events_per_object": 5001},
        {"delivery": Delivery.DIRECT, "lines_per_record": 1},
        {"windows": 1},
        {"drafts": Cadence.NEVER},
        {"landing_months": 1},
        {"customer_key": False},
    ):
        alike = {**settings, "lines_per_record": 1} if "delivery" in thrift else settings
        base = reckoned(requests, events, **alike)
        assert reckoned(requests, events, **{**settings, **thrift}).total <= base.total, thrift


@given(COUNTS, COUNTS, SETTINGS)
def test_amounts_are_exact(requests: int, events: int, settings: dict[str, object]) -> None:
    """Decimal, never below nothing, and each the quantity times its price."""
    found = reckoned(requests, events, **settings)
    for item in found.items:
        assert type(item.amount) is Decimal
        assert item.amount >= 0
        if len(item.price.steps) == 1:
            assert item.amount * item.price.per == item.quantity * item.price.steps[0].price


def test_the_estimate_and_the_cdk_app_agree() -> None:
    """Firehose's buffer, and the prefixes that a run lists."""
    text = (ROOT / "infra" / "constructs" / "landing_stream.py").read_text(encoding="utf-8")
    assert re.findall(r"^_BUFFER_(?:SECONDS|MB) = (\d+)$", text, re.MULTILINE) == ["300", "5"]
    assert (delivery.BUFFER_SECONDS, delivery.BUFFER_BYTES) == (300, 5_000_000)
    assert len(Environment(name="x", landing_bucket="b").landing_prefixes) == objects.PREFIXES


def test_figures_that_others_decide_are_theirs() -> None:
    """The engine's batches and its price of a byte, and the functions' memory."""
    assert (statements.BATCH_BYTES, statements.BATCH_OBJECTS) == (landing.BATCH_BYTES, landing.BATCH_OBJECTS)
    assert RollUp().memory_mb == running.MEMORY_MB
    assert PRICES["athena.scanned"].cost(spending.TERABYTE) == spending.USD_PER_TERABYTE
