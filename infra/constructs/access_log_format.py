"""The access log's format: what API Gateway writes for each request, member by member."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLES: Final[Mapping[str, str]] = {
    "extendedRequestId": "$context.extendedRequestId",
    "requestId": "$context.requestId",
    "requestTimeEpoch": "$context.requestTimeEpoch",
    "accountId": "$context.accountId",
    "apiId": "$context.apiId",
    "stage": "$context.stage",
    "apiKeyId": "$context.identity.apiKeyId",
    "httpMethod": "$context.httpMethod",
    "resourcePath": "$context.resourcePath",
    "status": "$context.status",
    "responseLength": "$context.responseLength",
    "responseLatency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "errorType": "$context.error.responseType",
    "wafResponseCode": "$context.wafResponseCode",
}
"""Each member of a line with its variable: the key's id, never its value; the path's template, never the path."""

LONGEST_FORMAT = 3072
"""Bytes that API Gateway takes."""


def access_log_format(*, request_bytes_from: str = "", source_ip: bool = False) -> str:
    """Write the format: one line of JSON, every value a text, since what is missing is written as `-`.

    Args:
        request_bytes_from: The variable of an authorizer that holds the request's size; empty: not logged.
        source_ip: Whether to log the caller's address.

    Example:
        >>> access_log_format()[:58]
        '{"extendedRequestId":"$context.extendedRequestId","request'
    """
    members = dict(VARIABLES)
    if request_bytes_from:
        members["requestLength"] = request_bytes_from
    if source_ip:
        members["sourceIp"] = "$context.identity.sourceIp"
    return json.dumps(members, separators=(",", ":"))
