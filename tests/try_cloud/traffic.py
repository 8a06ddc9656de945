"""Requests through the deployed API, with its key, without one, and faster than its plan allows."""

from __future__ import annotations

import http.client
from collections import Counter
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3

    from tests.try_cloud.links import Links

FORBIDDEN, THROTTLED = 403, 429
_NOT_BILLED = {401, FORBIDDEN, THROTTLED}
_MOST_REQUESTS = 400
"""A plan of dev that is not through by then throttles nobody."""


@dataclass(frozen=True, kw_only=True)
class Api:
    """The deployed API.

    Attributes:
        api_id: Its id.
        stage: Its stage.
        key_id: The id of a key that has a plan.
        key: The value of that key, which goes into a header and nowhere else.
    """

    api_id: str
    stage: str
    key_id: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request and how it was answered: what an access log would tell of it."""

    method: str
    resource_path: str
    status: int
    length: int
    latency_ms: int
    request_id: str
    key_id: str

    @property
    def billable(self) -> bool:
        """By the policy of queries/: with a key, and answered by the backend with anything but an error of its own."""
        return bool(self.key_id) and self.status < 500 and self.status not in _NOT_BILLED


def find_api(session: boto3.Session, name: str) -> Api:
    """Find the API and its first key."""
    client = session.client("apigateway")
    api = next(each for each in client.get_rest_apis()["items"] if each["name"] == name)
    stage = client.get_stages(restApiId=api["id"])["item"][0]["stageName"]
    key = client.get_api_keys(includeValues=True)["items"][0]
    return Api(api_id=api["id"], stage=stage, key_id=key["id"], key=key["value"])


def send(endpoint: str, api: Api, links: Links) -> list[Exchange]:
    """Send requests, and say whether the API did what it must."""
    served = [
        *(_send(endpoint, api, "GET", f"/items/{number}", "/items/{id}", api.key) for number in range(12)),
        *(_send(endpoint, api, "POST", "/items", "/items", api.key) for _ in range(3)),
        *(_send(endpoint, api, "GET", "/items/missing", "/items/{id}", api.key) for _ in range(2)),
        _send(endpoint, api, "GET", "/items/broken", "/items/{id}", api.key),
    ]
    links.equal("API Gateway → backend, with a key", _statuses(served), {200: 12, 201: 3, 404: 2, 500: 1})
    refused = [_send(endpoint, api, "GET", "/items/1", "/items/{id}", key) for key in ("", "", "wrong")]
    links.equal("API Gateway refuses a request without a known key", _statuses(refused), {FORBIDDEN: 3})
    burst = list(_until_throttled(endpoint, api))
    if burst[-1].status == THROTTLED:
        links.works("API Gateway throttles by the usage plan", f"after {len(burst) - 1} more requests")
    else:
        links.failed("API Gateway throttles by the usage plan", f"{_statuses(burst)}, at once")
    return [*served, *refused, *burst]


def _until_throttled(endpoint: str, api: Api) -> Iterator[Exchange]:
    for number in range(_MOST_REQUESTS):
        found = _send(endpoint, api, "GET", f"/items/{number}", "/items/{id}", api.key)
        yield found
        if found.status == THROTTLED:
            return


def _send(endpoint: str, api: Api, method: str, path: str, resource_path: str, key: str) -> Exchange:
    place = urlsplit(endpoint)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    started = monotonic()
    try:
        connection.request(
            method,
            f"/_aws/execute-api/{api.api_id}/{api.stage}{path}",
            body=b"{}" if method == "POST" else None,
            headers={"Content-Type": "application/json", **({"x-api-key": key} if key else {})},
        )
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    return Exchange(
        method=method,
        resource_path=resource_path,
        status=answer.status,
        length=len(body),
        latency_ms=round((monotonic() - started) * 1000),
        request_id=answer.headers["x-amzn-requestid"],
        key_id=api.key_id if key == api.key else "",
    )


def _statuses(exchanges: list[Exchange]) -> dict[int, int]:
    return dict(sorted(Counter(each.status for each in exchanges).items()))
