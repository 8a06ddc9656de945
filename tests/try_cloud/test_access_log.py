"""A line that is written in the stage's stead reads as API Gateway's would."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from infra.constructs.access_log_format import access_log_format
from tests.try_cloud.access_log import line_of
from tests.try_cloud.traffic import Api, Exchange
from usagelake.domain.access_log import ApiRequest, parse_access_log_line

API = Api(api_id="abc123def4", stage="v1", key_id="key-1", key="")
AT = datetime(2026, 11, 29, 22, tzinfo=UTC)


def exchange(status: int, key_id: str = "key-1") -> Exchange:
    return Exchange(
        method="GET",
        resource_path="/items/{id}",
        status=status,
        length=12,
        latency_ms=3,
        request_id="r-1",
        key_id=key_id,
    )


def read(found: Exchange) -> ApiRequest:
    line = line_of(access_log_format(), found, API, account="000000000000", at=AT)
    parsed = parse_access_log_line(line)
    assert isinstance(parsed, ApiRequest)
    return parsed


def test_a_served_request_is_told_member_by_member() -> None:
    found = read(exchange(200))
    assert (found.request_id, found.event_time, found.api_id, found.stage) == ("r-1", AT, "abc123def4", "v1")
    assert (found.api_key_id, found.method, found.resource_path) == ("key-1", "GET", "/items/{id}")
    assert (found.status, found.response_bytes, found.integration_latency_ms) == (200, 12, 3)
    assert found.error_type is None


@pytest.mark.parametrize(("status", "said"), [(403, "INVALID_API_KEY"), (429, "THROTTLED")])
def test_a_refused_request_says_why_and_has_no_backend_time(status: int, said: str) -> None:
    found = read(exchange(status, key_id=""))
    assert (found.error_type, found.integration_latency_ms, found.api_key_id) == (said, None, None)


@pytest.mark.parametrize(
    ("status", "key_id", "billable"),
    [
        (200, "key-1", True),
        (302, "key-1", True),
        (404, "key-1", True),
        (429, "key-1", False),
        (403, "key-1", False),
        (500, "key-1", False),
        (200, "", False),
    ],
)
def test_what_is_expected_of_the_bill_is_the_billing_policy(status: int, key_id: str, *, billable: bool) -> None:
    assert exchange(status, key_id).billable is billable
