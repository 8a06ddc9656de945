"""The API whose requests are simulated: its endpoints, what comes of a request, and how a line looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Endpoint(NamedTuple):
    """A method of the API.

    Args:
        weight: Its share of the requests.
        method: The HTTP method.
        path: The resource path, as a template.
        stage_knows_sizes: Whether the line has a `requestLength`.
        sized: Whether an authorizer tells the length of this method's requests.
        keyless: What stands for the API key of a method that asks for none; "" for one that does.
        unquoted: Whether time and status are written as numbers.
    """

    weight: int
    method: str
    path: str
    stage_knows_sizes: bool = False
    sized: bool = False
    keyless: str = ""
    unquoted: bool = False


class Outcome(NamedTuple):
    """What comes of a request.

    Args:
        weight: Its share of ordinary requests.
        crowded_weight: Its share of the requests of a burst.
        status: The HTTP status; `-` when the client left before there was one.
        error: The gateway's reason for refusing.
        waf: The firewall's verdict.
        length: `responseLength`, or "" when it is drawn.
        keyed: Whether the gateway recognised an API key.
        integrated: Whether the request reached the backend.
        retried: Whether clients try again.
    """

    weight: int
    crowded_weight: int
    status: str
    error: str = "-"
    waf: str = "WAF_ALLOW"
    length: str = ""
    keyed: bool = True
    integrated: bool = True
    retried: bool = False

    @property
    def billable(self) -> bool:
        """Whether the default policy bills it, if it has a key: 2xx, 3xx, 4xx but 401, 403 and 429."""
        return self.waf != "WAF_BLOCK" and self.status[0] in "234" and self.status not in ("401", "403", "429")


ENDPOINTS = (
    Endpoint(300, "GET", "/v1/documents/{id}"),
    Endpoint(210, "POST", "/v1/collections/{name}/find", stage_knows_sizes=True, sized=True),
    Endpoint(160, "POST", "/v1/embeddings", stage_knows_sizes=True, sized=True),
    Endpoint(110, "GET", "/v1/collections"),
    Endpoint(80, "PUT", "/v1/documents/{id}", stage_knows_sizes=True, sized=True),
    Endpoint(50, "GET", "/v1/files/{proxy+}", stage_knows_sizes=True),
    Endpoint(30, "DELETE", "/v1/documents/{id}"),
    Endpoint(20, "POST", "/v1/rerank", stage_knows_sizes=True, sized=True),
    Endpoint(15, "GET", "/health", keyless="-"),
    Endpoint(8, "HEAD", "/v1/files/{proxy+}"),
    Endpoint(7, "GET", "/v1/admin/reports", unquoted=True),
)
OUTCOMES = (
    Outcome(9000, 7000, "200"),
    Outcome(260, 200, "201"),
    Outcome(90, 60, "204", length="0"),
    Outcome(180, 60, "304", length="0"),
    Outcome(40, 20, "301", length="-"),
    Outcome(170, 100, "404"),
    Outcome(70, 60, "400", "BAD_REQUEST_BODY", integrated=False),
    Outcome(20, 10, "401", "UNAUTHORIZED", integrated=False),
    Outcome(30, 20, "403", "INVALID_API_KEY", keyed=False, integrated=False),
    Outcome(15, 10, "403", "ACCESS_DENIED", integrated=False),
    Outcome(25, 60, "403", "WAF_FILTERED", "WAF_BLOCK", keyed=False, integrated=False),
    Outcome(5, 20, "403", "WAF_FILTERED", "WAF_BLOCK", integrated=False),
    Outcome(45, 2000, "429", "THROTTLED", integrated=False, retried=True),
    Outcome(10, 200, "429", "QUOTA_EXCEEDED", integrated=False),
    Outcome(30, 80, "500", "INTEGRATION_FAILURE", retried=True),
    Outcome(10, 60, "504", "INTEGRATION_TIMEOUT", length="-", retried=True),
    Outcome(6, 30, "503", waf="-", retried=True),
    Outcome(4, 10, "-", waf="-", length="-", integrated=False),
)

_START = '{"extendedRequestId":"%s","requestId":"%s","requestTimeEpoch":'
_CALLER = ',"accountId":"123456789012","apiId":"{api}","stage":"prod","apiKeyId":"%s","httpMethod":"{method}",'
_APIS = ("a1b2c3d4e5", "f6g7h8i9j0")


@dataclass(frozen=True, slots=True)
class Shape:
    """The lines of one endpoint with one outcome.

    Args:
        line: The line, with places for both ids, time, API key, response length, latency, the integration's
            latency and the request length.
        no_key: What stands for the API key, or "" when the caller's stands there.
        length: The response length, or "" when it is drawn.
        integrated: Whether the integration has a latency.
        sized: Whether the request length is known.
        billable: Whether it is billed, if it has a key.
    """

    line: str
    no_key: str
    length: str
    integrated: bool
    sized: bool
    billable: bool


def shape(endpoint: Endpoint, outcome: Outcome) -> Shape:
    """Render what all requests to an endpoint with one outcome have in common."""
    numeric = endpoint.unquoted and outcome.status.isdigit()
    status = outcome.status if numeric else f'"{outcome.status}"'
    line = "".join(
        (
            _START,
            "%d" if endpoint.unquoted else '"%d"',
            _CALLER.replace("{api}", _APIS[endpoint.stage_knows_sizes]).replace("{method}", endpoint.method),
            f'"resourcePath":"{endpoint.path}","status":{status},"responseLength":"%s",',
            '"responseLatency":"%d","integrationLatency":"%s",',
            f'"errorType":"{outcome.error}","wafResponseCode":"{outcome.waf}"',
            ',"requestLength":"%s"}' if endpoint.stage_knows_sizes else "%.0s}",
        )
    )
    return Shape(
        line=line,
        no_key=endpoint.keyless if outcome.keyed else "-",
        length=outcome.length,
        integrated=outcome.integrated,
        sized=endpoint.sized and outcome.keyed,
        billable=outcome.billable,
    )
