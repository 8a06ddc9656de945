"""One request as API Gateway's access log tells it.

The members are those of the log format that this project gives to API Gateway, where every value is text and
`-` stands for what is unknown. What makes a line valid, and the reason when it is not, is docs/contracts.md.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from usagelake.domain.content_hash import content_hash
from usagelake.domain.line_object import LineObject
from usagelake.domain.quarantine import BrokenRuleError, Reason, Rejected

UNKNOWN: Final = "-"
"""What API Gateway writes for a variable that has no value."""

_UNKNOWN_TEXTS: Final = frozenset({"", UNKNOWN})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_EPOCH_MS: Final = 253_402_300_799_999
_MILLISECONDS: Final = re.compile(r"[0-9]{1,15}")
_STATUS: Final = re.compile(r"[1-5][0-9]{2}")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A row of the table `api_requests`, as far as the line itself tells it; None is unknown.

    Attributes:
        request_id: `extendedRequestId`, which no caller can override; the id that duplicates are told by.
        event_time: When API Gateway took the request: UTC, in whole milliseconds.
        api_id: The API.
        stage: Its stage.
        api_key_id: The id of the caller's key, never its value.
        method: The HTTP method.
        resource_path: The path's template, such as `/pets/{id}`.
        status: The HTTP status, 100 to 599.
        response_bytes: Bytes out.
        request_bytes: Bytes in, where an authorizer knows them; never guessed.
        response_latency_ms: From request to response, in milliseconds.
        integration_latency_ms: The backend's share of it.
        error_type: Why API Gateway refused the request, such as `THROTTLED`.
        waf_response_code: `WAF_ALLOW` or `WAF_BLOCK`.
        source_ip: Always None here; an address is personal data, which only an engine keeps when told to.
        content_hash: The fingerprint of the line (docs/contracts.md), 0 to 2^60 - 1.
    """

    request_id: str
    event_time: datetime
    api_id: str | None
    stage: str | None
    api_key_id: str | None
    method: str | None
    resource_path: str | None
    status: int | None
    response_bytes: int | None
    request_bytes: int | None
    response_latency_ms: int | None
    integration_latency_ms: int | None
    error_type: str | None
    waf_response_code: str | None
    source_ip: str | None
    content_hash: int


def parse_access_log_line(text: str) -> ApiRequest | Rejected:
    """Read one line of an access log.

    Args:
        text: The line, trimmed of JSON white space.

    Returns:
        The request, or the first rule of docs/contracts.md that the line breaks.

    Example:
        >>> parse_access_log_line('{"extendedRequestId":"a=","requestTimeEpoch":"-"}')
        Rejected(reason=<Reason.REQUEST_TIME_MISSING: 'requestTimeEpoch is missing'>)
        >>> request = parse_access_log_line('{"extendedRequestId":"a=","requestTimeEpoch":"1431903927521"}')
        >>> request.event_time.isoformat()
        '2015-05-17T23:05:27.521000+00:00'
    """
    try:
        line = LineObject.read(text, unknown=_UNKNOWN_TEXTS)
        request_id = line.string(
            "extendedRequestId", missing=Reason.REQUEST_ID_MISSING, wrong=Reason.REQUEST_ID_NOT_A_STRING
        )
        event_time = _event_time(line)
        api_key_id = _api_key_id(line)
        status = _status(line)
        response_bytes = _bytes(line, "responseLength", Reason.RESPONSE_LENGTH_NOT_BYTES)
        request_bytes = _bytes(line, "requestLength", Reason.REQUEST_LENGTH_NOT_BYTES)
    except BrokenRuleError as broken:
        return Rejected(broken.reason)
    return ApiRequest(
        request_id=request_id,
        event_time=event_time,
        api_id=line.text("apiId"),
        stage=line.text("stage"),
        api_key_id=api_key_id,
        method=line.text("httpMethod"),
        resource_path=line.text("resourcePath"),
        status=status,
        response_bytes=response_bytes,
        request_bytes=request_bytes,
        response_latency_ms=line.integer("responseLatency"),
        integration_latency_ms=line.integer("integrationLatency"),
        error_type=line.text("errorType"),
        waf_response_code=line.text("wafResponseCode"),
        source_ip=None,
        content_hash=content_hash(text),
    )


def render_access_log_line(request: ApiRequest) -> str:
    """Write a request as API Gateway writes it: one compact JSON object, every value a string.

    Args:
        request: The request; `content_hash` and `source_ip` are not written.

    Returns:
        A line without its line feed, from which `parse_access_log_line` reads the same request. Members of
        the format that no table keeps (`requestId`, `accountId`) are `-`.
    """
    milliseconds = (request.event_time - _EPOCH) // timedelta(milliseconds=1)
    members = {
        "extendedRequestId": request.request_id,
        "requestId": None,
        "requestTimeEpoch": milliseconds,
        "accountId": None,
        "apiId": request.api_id,
        "stage": request.stage,
        "apiKeyId": request.api_key_id,
        "httpMethod": request.method,
        "resourcePath": request.resource_path,
        "status": request.status,
        "responseLength": request.response_bytes,
        "responseLatency": request.response_latency_ms,
        "integrationLatency": request.integration_latency_ms,
        "errorType": request.error_type,
        "wafResponseCode": request.waf_response_code,
        "requestLength": request.request_bytes,
    }
    texts = {name: UNKNOWN if value is None else str(value) for name, value in members.items()}
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


def _event_time(line: LineObject) -> datetime:
    if line.value("requestTimeEpoch") is None:
        raise BrokenRuleError(Reason.REQUEST_TIME_MISSING)
    milliseconds = line.text("requestTimeEpoch")
    if milliseconds is None or not _MILLISECONDS.fullmatch(milliseconds) or int(milliseconds) > _MAX_EPOCH_MS:
        raise BrokenRuleError(Reason.REQUEST_TIME_NOT_A_TIME)
    return _EPOCH + timedelta(milliseconds=int(milliseconds))


def _api_key_id(line: LineObject) -> str | None:
    value = line.value("apiKeyId")
    api_key_id = line.text("apiKeyId")
    if value is None or (api_key_id is not None and isinstance(value, str)):
        return api_key_id
    raise BrokenRuleError(Reason.API_KEY_ID_NOT_A_STRING)


def _status(line: LineObject) -> int | None:
    if line.value("status") is None:
        return None
    status = line.text("status")
    if status is None or not _STATUS.fullmatch(status):
        raise BrokenRuleError(Reason.STATUS_NOT_A_STATUS)
    return int(status)


def _bytes(line: LineObject, name: str, wrong: Reason) -> int | None:
    if line.value(name) is None:
        return None
    size = line.integer(name)
    if size is None:
        raise BrokenRuleError(wrong)
    return size
