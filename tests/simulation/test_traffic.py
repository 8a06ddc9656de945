"""What the traffic looks like: rhythm, tails, bursts, retries, faults, month boundaries."""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulation.contract_reader import content_of, instant, lines_of, objects, read
from usagelake.simulation.options import SimulationOptions
from usagelake.simulation.simulate import simulate
from usagelake.simulation.subjects import UNOWNED_API_KEY, UNOWNED_TENANT, api_key_id, tenant_id
from usagelake.simulation.traffic import HOUR_MS, slots

if TYPE_CHECKING:
    from pathlib import Path

    Line = dict[str, Any]

OPTIONS = SimulationOptions(api_requests=30_000, billing_events=20_000)
PATH_TIME = re.compile(r"(\d{4})/(\d\d)/(\d\d)/(\d\d)/(\d\d)/")


def path_time(key: str) -> datetime:
    return datetime(*map(int, PATH_TIME.search(key).groups()), tzinfo=UTC)


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("traffic") / "landing"
    simulate(OPTIONS, folder)
    return folder


@pytest.fixture(scope="module")
def clean_objects(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, list[str]]]:
    folder = tmp_path_factory.mktemp("clean") / "landing"
    simulate(OPTIONS.clean(), folder)
    return objects(folder)


@pytest.fixture(scope="module")
def requests(clean_objects: list[tuple[str, list[str]]]) -> list[Line]:
    found = [json.loads(t) for key, texts in clean_objects if key.startswith("apigw_access") for t in texts]
    return sorted(found, key=lambda line: int(line["requestTimeEpoch"]))


@pytest.fixture(scope="module")
def billing_events(clean_objects: list[tuple[str, list[str]]]) -> list[Line]:
    return [json.loads(t) for key, texts in clean_objects if not key.startswith("apigw_access") for t in texts]


def test_slots_share_the_events_out_exactly() -> None:
    """Any number of events is shared out to the last one, in order, in parts that fit into memory."""
    for events in (0, 1, 7, 1000, 999_983, 10_000_019):
        found = list(slots(random.Random(1), first_ms=0, last_ms=744 * HOUR_MS, events=events))
        assert sum(slot.events for slot in found) == events
        assert all(0 < slot.events <= 20_000 for slot in found)
        assert all(a.end_ms <= b.start_ms for a, b in pairwise(found))


def test_rhythm_of_day_and_week(requests: list[Line]) -> None:
    times = [datetime.fromtimestamp(int(line["requestTimeEpoch"]) / 1000, UTC) for line in requests]
    hours = Counter(time.hour for time in times)
    days = Counter(time.weekday() for time in times)
    assert min(hours[hour] for hour in range(9, 17)) > 2 * max(hours[hour] for hour in range(1, 5))
    assert max(days[5], days[6]) < 0.7 * min(days[day] for day in range(4))


def test_subjects_are_heavy_tailed(requests: list[Line], billing_events: list[Line]) -> None:
    keys = Counter(line["apiKeyId"] for line in requests if line["apiKeyId"] != "-")
    tenants = Counter(event["properties"]["resource_id"] for event in billing_events)
    for counted in (keys, tenants):
        (_, most), *_, (_, least) = counted.most_common()
        assert most > 8 * least
        assert most > sum(counted.values()) / 6


def test_quantities_are_heavy_tailed_and_may_be_zero(billing_events: list[Line]) -> None:
    tokens = [e["properties"]["usage"] for e in billing_events if e["event_type"].endswith("total_tokens")]
    tokens.sort()
    assert tokens[0] == 0
    assert tokens[-1] > 30 * tokens[len(tokens) // 2]


def test_bursts(requests: list[Line]) -> None:
    """Some hour has a minute with far more requests than its average minute, of one key."""
    by_minute = defaultdict(Counter)
    for line in requests:
        by_minute[int(line["requestTimeEpoch"]) // 60_000][line["apiKeyId"]] += 1
    busiest = max(by_minute.values(), key=Counter.total)
    assert busiest.total() > 12
    assert busiest.most_common(1)[0][1] > 0.7 * busiest.total()


def test_requests_of_every_kind(requests: list[Line]) -> None:
    """Served, refused, throttled, failed and blocked requests, with `-` where nothing is known."""
    statuses = Counter(str(line["status"]) for line in requests)
    assert {"200", "201", "304", "401", "403", "404", "429", "500", "504", "-"} <= statuses.keys()
    assert 0.9 < sum(n for status, n in statuses.items() if status[0] in "23") / len(requests) < 0.99
    assert {line["errorType"] for line in requests} >= {"-", "THROTTLED", "INVALID_API_KEY", "WAF_FILTERED"}
    blocked = [line for line in requests if line["wafResponseCode"] == "WAF_BLOCK"]
    assert {line["status"] for line in blocked} == {"403"}
    assert any(line["apiKeyId"] == "-" and line["status"] == "200" for line in requests)
    for member in ("apiKeyId", "integrationLatency", "responseLength", "requestLength"):
        assert any(line.get(member) == "-" for line in requests)
    assert any("requestLength" not in line for line in requests)
    assert any(isinstance(line["requestTimeEpoch"], int) for line in requests)


def test_no_api_key_value_is_written(requests: list[Line]) -> None:
    """Keys stand by id only: the member that holds the secret does not exist."""
    assert all("apiKey" not in line for line in requests)
    assert all(re.fullmatch(r"[0-9a-z]{10}|-", line["apiKeyId"]) for line in requests)


def test_throttled_clients_try_again(requests: list[Line]) -> None:
    """A retry is a new request with a new id, soon after, of the same key to the same path."""
    retried = sum(
        (first["apiKeyId"], first["resourcePath"]) == (second["apiKeyId"], second["resourcePath"])
        for first, second in pairwise(requests)
        if first["status"] == "429" and first["apiKeyId"] != "-"
    )
    throttled = sum(line["status"] == "429" for line in requests)
    assert throttled > 100
    assert retried > 0.15 * throttled
    assert len({line["extendedRequestId"] for line in requests}) == len(requests)


def test_both_generations_and_up_to_three_events_a_call(billing_events: list[Line]) -> None:
    types = {event["event_type"] for event in billing_events}
    assert len(types) == 18
    calls = Counter((e["timestamp"], e["properties"]["resource_id"]) for e in billing_events if "." in e["timestamp"])
    sizes = Counter(calls.values())
    assert sizes[3] > sizes[2] > 0
    assert sizes[1] > 0
    assert len({event["id"] for event in billing_events}) == len(billing_events)


def test_fractions_of_a_second_have_0_3_6_or_9_digits(billing_events: list[Line]) -> None:
    digits = Counter(len(e["timestamp"]) - len("2025-10-01T00:00:00Z") for e in billing_events)
    assert digits.keys() == {0, 4, 7, 10}


def test_unowned_subjects_have_traffic(requests: list[Line], billing_events: list[Line]) -> None:
    assert any(line["apiKeyId"] == api_key_id(UNOWNED_API_KEY) for line in requests)
    assert any(e["properties"]["resource_id"] == tenant_id(UNOWNED_TENANT) for e in billing_events)


def test_every_fault_of_the_contracts_occurs(tmp_path: Path) -> None:
    """With enough malformed lines, each reason of docs/contracts.md but two is met."""
    options = replace(OPTIONS, api_requests=4000, billing_events=4000, malformed=0.5)
    simulate(options, tmp_path / "landing")
    access, billing = read(tmp_path / "landing", options.start, options.end)
    assert len(access.reasons) == 12
    assert len(billing.reasons) == 16


def test_noise_and_compression_occur(landing: Path) -> None:
    """Joined lines, blank lines, byte order marks and gzip members are all there."""
    contents = [content_of(path) for path in landing.rglob("*") if path.is_file()]
    assert any(b"}{" in content for content in contents)
    assert any(b"\n\n" in content or b"\n \n" in content for content in contents)
    assert any(path.suffix == ".gz" for path in landing.rglob("*"))
    assert all(content.endswith(b"\n") for content in contents)


def test_redelivered_lines_lie_under_another_key_within_48_hours(landing: Path) -> None:
    met: dict[str, tuple[str, datetime]] = {}
    again = 0
    for key, texts in sorted(objects(landing), key=lambda found: path_time(found[0])):
        for text in texts:
            if '"id":"' not in text and '"extendedRequestId":"' not in text:
                continue
            if text in met:
                again += 1
                first, at = met[text]
                assert key != first
                assert path_time(key) - at <= timedelta(hours=49)
            met[text] = key, path_time(key)
    assert again > 400


def test_arrival_month_differs_from_event_month(landing: Path) -> None:
    """Around the month's end, some paths name another month than their events do."""
    crossing = Counter()
    for key, texts in objects(landing):
        if not key.startswith("apigw_access"):
            for text in texts:
                try:
                    at = instant(json.loads(text)["timestamp"])
                except (ValueError, TypeError, KeyError, AttributeError):
                    continue
                crossing[path_time(key).month - at.month] += 1
    assert crossing[1] > 0
    assert crossing[0] > 15_000


def test_lines_arrive_up_to_48_hours_late(landing: Path) -> None:
    delays = []
    for path in landing.glob("apigw_access/**/*.jsonl"):
        for text, _ in lines_of(path):
            match = re.search(r'"requestTimeEpoch":"?(\d{13})"?,', text)
            if match:
                at = datetime.fromtimestamp(int(match[1]) / 1000, UTC)
                delays.append(path_time(str(path.relative_to(landing))) - at)
    late = [delay for delay in delays if delay > timedelta(minutes=14)]
    assert 100 < len(late) < 1000
    assert max(late) < timedelta(hours=96)
    assert max(late) > timedelta(hours=24)
