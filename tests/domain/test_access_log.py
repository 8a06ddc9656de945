"""Access-log lines: every row of the table in docs/contracts.md."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.domain.access_log import ApiRequest, parse_access_log_line, render_access_log_line
from usagelake.domain.content_hash import content_hash
from usagelake.domain.quarantine import Reason, Rejected

LINE = {
    "extendedRequestId": "Fz1=",
    "requestId": "3b1f",
    "requestTimeEpoch": "1431903927521",
    "accountId": "123456789012",
    "apiId": "a1b2c3",
    "stage": "prod",
    "apiKeyId": "k1",
    "httpMethod": "GET",
    "resourcePath": "/pets/{id}",
    "status": "200",
    "responseLength": "47731",
    "responseLatency": "901",
    "integrationLatency": "124",
    "errorType": "-",
    "wafResponseCode": "-",
    "requestLength": "12",
    "sourceIp": "192.0.2.7",
}
REQUEST = ApiRequest(
    request_id="Fz1=",
    event_time=datetime(2015, 5, 17, 23, 5, 27, 521_000, tzinfo=UTC),
    api_id="a1b2c3",
    stage="prod",
    api_key_id="k1",
    method="GET",
    resource_path="/pets/{id}",
    status=200,
    response_bytes=47731,
    request_bytes=12,
    response_latency_ms=901,
    integration_latency_ms=124,
    error_type=None,
    waf_response_code=None,
    source_ip=None,
    content_hash=0,
)
ABSENT = object()
UNKNOWN = [ABSENT, None, "", "-"]


def _line(**changes: Any) -> str:
    members = {name: value for name, value in (LINE | changes).items() if value is not ABSENT}
    return json.dumps(members)


def _parsed(**changes: Any) -> ApiRequest:
    parsed = parse_access_log_line(_line(**changes))
    assert isinstance(parsed, ApiRequest)
    return parsed


def _reason(**changes: Any) -> Reason:
    parsed = parse_access_log_line(_line(**changes))
    assert isinstance(parsed, Rejected)
    return parsed.reason


def test_a_full_line_is_read() -> None:
    """Every member finds its column; the caller's address finds none."""
    assert parse_access_log_line(_line()) == replace(REQUEST, content_hash=content_hash(_line()))


def test_the_least_a_line_can_hold() -> None:
    """An id and a time make a request; everything else is unknown."""
    text = '{"extendedRequestId":"a","requestTimeEpoch":0}'
    request = parse_access_log_line(text)
    assert request == ApiRequest("a", datetime(1970, 1, 1, tzinfo=UTC), *([None] * 13), content_hash=content_hash(text))


@pytest.mark.parametrize("text", ["", "{", "{'a':1}", '{"a":1,}', '{"a":"\\ud800"}', "\ufeff{}", "{}{}"])
def test_a_line_must_be_json(text: str) -> None:
    """JSON is judged first."""
    assert parse_access_log_line(text) == Rejected(Reason.NOT_JSON)


@pytest.mark.parametrize("text", ["[]", "1", "null", '"{}"'])
def test_a_line_must_be_an_object(text: str) -> None:
    """Any other value is no line of ours."""
    assert parse_access_log_line(text) == Rejected(Reason.NOT_AN_OBJECT)


REFUSED = {
    "extendedRequestId": [
        (UNKNOWN, Reason.REQUEST_ID_MISSING),
        ([1, 0, True, False, {}, [], ["a"]], Reason.REQUEST_ID_NOT_A_STRING),
    ],
    "requestTimeEpoch": [
        (UNKNOWN, Reason.REQUEST_TIME_MISSING),
        (
            [
                *[
                    True,
                    {},
                    [],
                    "yesterday",
                    "1e3",
                    1.5,
                    -1,
                    "-1",
                    "+1",
                    " 1",
                    "1 ",
                    "1.0",
                    "\u0663",
                    "1_0",
                    "0x1",
                ],
                *["0000000000000001", 10**15, 253_402_300_800_000, "253402300800000"],
            ],
            Reason.REQUEST_TIME_NOT_A_TIME,
        ),
    ],
    "apiKeyId": [([True, False, {}, ["k"], 1.5, 1e22], Reason.API_KEY_ID_NOT_A_STRING)],
    "status": [
        (
            [
                *[0, 99, 600, 1000, -200, 2e2, 200.5],
                *["099", "0200", "2OO", "\u0662\u0660\u0660", " 200", "20", True, {}, []],
            ],
            Reason.STATUS_NOT_A_STATUS,
        )
    ],
}
NOT_BYTES = [
    -1,
    "-1",
    1.0,
    1e3,
    "1e3",
    "1,000",
    2**63,
    str(2**63),
    10**19,
    "0" * 20,
    True,
    {},
    [],
    " 1",
    "\u0661",
]
REFUSED["responseLength"] = [(NOT_BYTES, Reason.RESPONSE_LENGTH_NOT_BYTES)]
REFUSED["requestLength"] = [(NOT_BYTES, Reason.REQUEST_LENGTH_NOT_BYTES)]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        pytest.param(name, value, reason, id=f"{name}={'absent' if value is ABSENT else value!r}")
        for name, faults in REFUSED.items()
        for values, reason in faults
        for value in values
    ],
)
def test_a_broken_rule_is_named(name: str, value: object, reason: Reason) -> None:
    """Each rule, by values that break it."""
    assert _reason(**{name: value}) == reason


TAKEN = [
    (
        "requestTimeEpoch",
        "253402300799999",
        "event_time",
        datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    ),
    ("requestTimeEpoch", "000000000000001", "event_time", datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC)),
    ("apiKeyId", 4711, "api_key_id", "4711"),
    ("apiKeyId", "1.5", "api_key_id", "1.5"),
    ("apiId", 1.5, "api_id", None),
    ("apiId", 1e22, "api_id", None),
    ("apiId", "1e22", "api_id", "1e22"),
    ("apiId", -7, "api_id", "-7"),
    ("apiKeyId", " ", "api_key_id", " "),
    ("status", 100, "status", 100),
    ("status", "599", "status", 599),
    ("responseLength", 0, "response_bytes", 0),
    ("responseLength", "007", "response_bytes", 7),
    ("requestLength", str(2**63 - 1), "request_bytes", 2**63 - 1),
    ("responseLatency", "12.5", "response_latency_ms", None),
    ("responseLatency", [1], "response_latency_ms", None),
    ("integrationLatency", 2**63, "integration_latency_ms", None),
    ("integrationLatency", 0, "integration_latency_ms", 0),
    ("stage", True, "stage", "true"),
    ("stage", 2, "stage", "2"),
    ("stage", {"a": 1}, "stage", None),
    ("resourcePath", ["/"], "resource_path", None),
    ("errorType", "THROTTLED", "error_type", "THROTTLED"),
    ("wafResponseCode", "WAF_BLOCK", "waf_response_code", "WAF_BLOCK"),
]


@pytest.mark.parametrize(("name", "value", "field", "expected"), TAKEN)
def test_what_a_member_may_be(name: str, value: object, field: str, expected: object) -> None:
    """The edges of what is let pass, and what comes of it."""
    assert getattr(_parsed(**{name: value}), field) == expected


@pytest.mark.parametrize("value", UNKNOWN)
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("apiId", "api_id"),
        ("stage", "stage"),
        ("apiKeyId", "api_key_id"),
        ("httpMethod", "method"),
        ("resourcePath", "resource_path"),
        ("status", "status"),
        ("responseLength", "response_bytes"),
        ("requestLength", "request_bytes"),
        ("responseLatency", "response_latency_ms"),
        ("integrationLatency", "integration_latency_ms"),
        ("errorType", "error_type"),
        ("wafResponseCode", "waf_response_code"),
    ],
)
def test_four_ways_to_be_unknown(name: str, field: str, value: object) -> None:
    """A missing member, null, an empty text and a hyphen all mean that nobody knows."""
    assert getattr(_parsed(**{name: value}), field) is None


def test_the_first_fault_is_the_reason() -> None:
    """Rules are judged in the contract's order."""
    faults: dict[str, object] = {
        "extendedRequestId": 1,
        "requestTimeEpoch": "x",
        "apiKeyId": True,
        "status": "x",
        "responseLength": "x",
        "requestLength": "x",
    }
    reasons = []
    for name in list(faults):
        reasons.append(_reason(**faults))
        del faults[name]
    assert reasons == [
        Reason.REQUEST_ID_NOT_A_STRING,
        Reason.REQUEST_TIME_NOT_A_TIME,
        Reason.API_KEY_ID_NOT_A_STRING,
        Reason.STATUS_NOT_A_STATUS,
        Reason.RESPONSE_LENGTH_NOT_BYTES,
        Reason.REQUEST_LENGTH_NOT_BYTES,
    ]


TEXTS = st.none() | st.text(min_size=1).filter(lambda text: text != "-")
SIZES = st.none() | st.integers(0, 2**63 - 1)
MILLISECONDS = st.integers(0, 253_402_300_799_999)


@settings(deadline=None)
@given(
    st.builds(
        ApiRequest,
        request_id=st.text(min_size=1).filter(lambda text: text != "-"),
        event_time=MILLISECONDS.map(
            lambda ms: datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)
        ),
        api_id=TEXTS,
        stage=TEXTS,
        api_key_id=TEXTS,
        method=TEXTS,
        resource_path=TEXTS,
        status=st.none() | st.integers(100, 599),
        response_bytes=SIZES,
        request_bytes=SIZES,
        response_latency_ms=SIZES,
        integration_latency_ms=SIZES,
        error_type=TEXTS,
        waf_response_code=TEXTS,
        source_ip=st.none(),
        content_hash=st.just(0),
    )
)
def test_what_is_rendered_is_parsed_back(written: ApiRequest) -> None:
    """A request survives being written, in one line without a line feed."""
    text = render_access_log_line(written)
    assert "\n" not in text
    assert parse_access_log_line(text) == replace(written, content_hash=content_hash(text))
