"""Billing events: every row of the table in docs/contracts.md."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.domain.billing_event import BillingEvent, parse_billing_event, render_billing_event
from usagelake.domain.content_hash import content_hash
from usagelake.domain.quarantine import Reason, Rejected

PROPERTIES = {
    "usage": 404,
    "region": "us-west-2",
    "resource_type": "serverless_database",
    "resource_id": "5f99e53c",
    "provider": "cohere",
    "model": "embed-v3",
    "model_type": "embedding",
}
LINE = {
    "id": "812e6ab4-1d91-4bdd-a6d5-6be504912478",
    "timestamp": "2023-11-16T19:03:43.656Z",
    "product": "serverless",
    "event_type": "external_model_ingress_bytes",
    "tenant": "kept, not refused",
}
EVENT = BillingEvent(
    event_id="812e6ab4-1d91-4bdd-a6d5-6be504912478",
    event_time=datetime(2023, 11, 16, 19, 3, 43, 656_000, tzinfo=UTC),
    event_type="external_model_ingress_bytes",
    product="serverless",
    resource_id="5f99e53c",
    resource_type="serverless_database",
    region="us-west-2",
    provider="cohere",
    model="embed-v3",
    quantity=404,
    content_hash=0,
)
ABSENT = object()
MISSING = [ABSENT, None, ""]


def _line(changes: dict[str, Any]) -> str:
    members: dict[str, Any] = LINE | {"properties": dict(PROPERTIES)}
    for name, value in changes.items():
        holder, _, member = name.rpartition(".")
        place = members["properties"] if holder else members
        place[member] = value
        if value is ABSENT:
            del place[member]
    return json.dumps(members)


def _event(changes: dict[str, Any]) -> BillingEvent:
    parsed = parse_billing_event(_line(changes))
    assert isinstance(parsed, BillingEvent)
    return parsed


def _reason(changes: dict[str, Any]) -> Reason:
    parsed = parse_billing_event(_line(changes))
    assert isinstance(parsed, Rejected)
    return parsed.reason


def test_a_full_line_is_read() -> None:
    """Every member finds its column, and unknown ones do no harm."""
    assert parse_billing_event(_line({})) == replace(EVENT, content_hash=content_hash(_line({})))


@pytest.mark.parametrize(("text", "reason"), [("{", Reason.NOT_JSON), ("[]", Reason.NOT_AN_OBJECT)])
def test_a_line_must_be_a_json_object(text: str, reason: Reason) -> None:
    """JSON is judged first, and then whether it is an object."""
    assert parse_billing_event(text) == Rejected(reason)


REFUSED: dict[str, list[tuple[list[object], Reason]]] = {
    "id": [(MISSING, Reason.EVENT_ID_MISSING), ([1, True, {}, []], Reason.EVENT_ID_NOT_A_STRING)],
    "timestamp": [
        (MISSING, Reason.TIMESTAMP_MISSING),
        ([1_700_000_000, False, {}], Reason.TIMESTAMP_NOT_A_STRING),
        (
            [
                *["yesterday", "-", "2023-11-16", "2023-11-16T19:03Z", "2023-11-16 19:03:43Z"],
                *["2023-11-16T19:03:43", "2023-11-16T19:03:43z", "2023-11-16t19:03:43Z"],
                *["2023-11-16T19:03:43+00:00", "2023-11-16T19:03:43-00:00", "2023-11-16T20:03:43+01:00"],
                *["2023-11-16T19:03:43.Z", "2023-11-16T19:03:43,5Z", "2023-11-16T19:03:43.1234567890Z"],
                *[
                    "2023-02-29T00:00:00Z",
                    "1900-02-29T00:00:00Z",
                    "2023-00-01T00:00:00Z",
                    "2023-13-01T00:00:00Z",
                ],
                *[
                    "2023-11-00T00:00:00Z",
                    "2023-11-31T00:00:00Z",
                    "2023-11-16T24:00:00Z",
                    "2023-11-16T00:60:00Z",
                ],
                *[
                    "2016-12-31T23:59:60Z",
                    "0000-01-01T00:00:00Z",
                    "10000-01-01T00:00:00Z",
                    "2023-1-16T19:03:43Z",
                ],
                *[
                    " 2023-11-16T19:03:43Z",
                    "2023-11-16T19:03:43Z ",
                    "2023-11-16T19:03:43Z\n",
                    "\uff12023-11-16T19:03:43Z",
                ],
            ],
            Reason.TIMESTAMP_NOT_AN_INSTANT,
        ),
    ],
    "event_type": [(MISSING, Reason.EVENT_TYPE_MISSING), ([1, {}], Reason.EVENT_TYPE_NOT_A_STRING)],
    "properties": [
        ([*MISSING, "text", 1, True, [], [PROPERTIES], {}], Reason.RESOURCE_ID_MISSING),
    ],
    "properties.resource_id": [
        (MISSING, Reason.RESOURCE_ID_MISSING),
        ([1, True, {}, ["r"]], Reason.RESOURCE_ID_NOT_A_STRING),
    ],
    "properties.usage": [
        (MISSING, Reason.USAGE_MISSING),
        (
            ["404", "-", -1, 1.0, 1e3, 0.5, 2**63, 10**19, True, {}, [404]],
            Reason.USAGE_NOT_AN_INTEGER,
        ),
    ],
    "properties.model": [([1, False, {}, ["m"]], Reason.MODEL_NOT_A_STRING)],
}


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        pytest.param(name, value, reason, id=f"{name}-{number}-{reason.name}")
        for name, faults in REFUSED.items()
        for values, reason in faults
        for number, value in enumerate(values)
    ],
)
def test_a_broken_rule_is_named(name: str, value: object, reason: Reason) -> None:
    """Each rule, by values that break it."""
    assert parse_billing_event(_line({name: value})) == Rejected(reason)


@pytest.mark.parametrize(
    ("written", "quantity"),
    [
        ("0", 0),
        ("1", 1),
        (str(2**63 - 1), 2**63 - 1),
        ("-0", None),
        ("9" * 5000, None),
        ("1.0", None),
        ("1e3", None),
        ("1E0", None),
    ],
)
def test_a_quantity_is_digits_only(written: str, quantity: int | None) -> None:
    """An integer is told by how it is written, not by what it comes to."""
    text = _line({}).replace('"usage": 404', f'"usage": {written}')
    parsed = parse_billing_event(text)
    assert (parsed.quantity if isinstance(parsed, BillingEvent) else None) == quantity


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2023-11-16T19:03:43Z", datetime(2023, 11, 16, 19, 3, 43, tzinfo=UTC)),
        ("2023-11-16T19:03:43.5Z", datetime(2023, 11, 16, 19, 3, 43, 500_000, tzinfo=UTC)),
        ("2023-11-16T19:03:43.000001Z", datetime(2023, 11, 16, 19, 3, 43, 1, tzinfo=UTC)),
        ("2023-11-30T23:59:59.999999999Z", datetime(2023, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("2024-02-29T00:00:00.0000009Z", datetime(2024, 2, 29, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_digits_after_the_sixth_are_cut(written: str, time: datetime) -> None:
    """A timestamp never moves into the next hour by rounding."""
    assert _event({"timestamp": written}).event_time == time


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("product", None, "product", None),
        ("product", "", "product", None),
        ("product", 5, "product", "5"),
        ("product", {"a": 1}, "product", None),
        ("properties.region", False, "region", "false"),
        ("properties.provider", ["p"], "provider", None),
        ("properties.resource_type", ABSENT, "resource_type", None),
        ("properties.model", ABSENT, "model", None),
        ("properties.model", None, "model", None),
        ("properties.model", "", "model", None),
        ("properties.model", "-", "model", "-"),
        ("properties.resource_id", "-", "resource_id", "-"),
        ("event_type", "of_next_year", "event_type", "of_next_year"),
    ],
)
def test_what_a_member_may_be(name: str, value: object, field: str, expected: object) -> None:
    """What is let pass, and what comes of it; a hyphen is a text like any other here."""
    assert getattr(_event({name: value}), field) == expected


def test_the_first_fault_is_the_reason() -> None:
    """Rules are judged in the contract's order."""
    faults: dict[str, object] = {
        "id": 1,
        "timestamp": "x",
        "event_type": 1,
        "properties.resource_id": 1,
        "properties.usage": "x",
        "properties.model": 1,
    }
    reasons = []
    for name in list(faults):
        reasons.append(_reason(faults))
        del faults[name]
    assert reasons == [
        Reason.EVENT_ID_NOT_A_STRING,
        Reason.TIMESTAMP_NOT_AN_INSTANT,
        Reason.EVENT_TYPE_NOT_A_STRING,
        Reason.RESOURCE_ID_NOT_A_STRING,
        Reason.USAGE_NOT_AN_INTEGER,
        Reason.MODEL_NOT_A_STRING,
    ]


TEXT = st.text(min_size=1)


@settings(deadline=None)
@given(
    st.builds(
        BillingEvent,
        event_id=TEXT,
        event_time=st.datetimes(timezones=st.just(UTC)),
        event_type=TEXT,
        product=st.none() | TEXT,
        resource_id=TEXT,
        resource_type=st.none() | TEXT,
        region=st.none() | TEXT,
        provider=st.none() | TEXT,
        model=st.none() | TEXT,
        quantity=st.integers(0, 2**63 - 1),
        content_hash=st.just(0),
    )
)
def test_what_is_rendered_is_parsed_back(written: BillingEvent) -> None:
    """An event survives being written, in one line without a line feed."""
    text = render_billing_event(written)
    assert "\n" not in text
    assert parse_billing_event(text) == replace(written, content_hash=content_hash(text))
