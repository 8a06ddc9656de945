"""Small landings and prices, written by hand so that what they come to can be worked out by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NOON = "2025-10-05T12:00:00Z"

METERS = (
    "api_requests",
    "request_bytes",
    "response_bytes",
    *(f"{side}_{what}" for side in ("internal", "external") for what in ("egress_bytes", "ingress_bytes", "tokens")),
)
PRICES = {"api_requests": "0.01", "internal_tokens": "0.001"}

CUSTOMERS = """\
subject_type,subject_id,customer_id,customer_name,plan_id,valid_from,valid_to
api_key,key-1,cust-1,One & Co,basic,2020-01-01,
resource,db-1,cust-1,One & Co,basic,2020-01-01,
api_key,key-2,cust-2,Two Ltd,basic,2020-01-01,
"""


def price_book() -> str:
    """Give a book of one plan: a cent a request, a tenth of a cent a token, all else free."""
    charges = [
        f'[[plan.version.charge]]\nid = "{meter}"\nmeter = "{meter}"\n'
        + (f'model = "per_unit"\nunit_price = "{PRICES[meter]}"\n' if meter in PRICES else 'model = "free"\n')
        for meter in METERS
    ]
    return 'currency = "USD"\n[[plan]]\nid = "basic"\n[[plan.version]]\neffective_from = 2020-01-01\n' + "".join(
        charges
    )


def epoch_ms(instant: str) -> str:
    """Write an RFC 3339 instant as the access log does."""
    return str(round(datetime.fromisoformat(instant).astimezone(UTC).timestamp() * 1000))


def request(request_id: str, time: str = NOON, key: str = "key-1", **members: object) -> str:
    """Write an access-log line of a billable request."""
    return json.dumps(
        {
            "extendedRequestId": request_id,
            "requestId": f"r-{request_id}",
            "requestTimeEpoch": epoch_ms(time),
            "apiId": "api",
            "stage": "prod",
            "apiKeyId": key,
            "httpMethod": "GET",
            "resourcePath": "/pets/{id}",
            "status": "200",
            "responseLength": "100",
            "responseLatency": "20",
            "integrationLatency": "10",
            "errorType": "-",
            "wafResponseCode": "WAF_ALLOW",
            **members,
        },
        ensure_ascii=False,
    )


def event(event_id: str, time: str = NOON, usage: object = 5, **members: object) -> str:
    """Write a billing event of internal tokens."""
    properties = {"resource_id": "db-1", "model": "small", "usage": usage}
    own = {name: members.pop(name) for name in [*members] if name in ("resource_id", "model")}
    return json.dumps(
        {
            "id": event_id,
            "timestamp": time,
            "event_type": "internal_model_total_tokens",
            "product": "data-api",
            "properties": {**properties, **own},
            **members,
        },
        ensure_ascii=False,
    )


def put(path: Path, *content: str | bytes) -> Path:
    """Write an object: lines, or bytes as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(part if isinstance(part, bytes) else part.encode() + b"\n" for part in content))
    return path
