"""The lines that the deployed stage would log: its own format, filled in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.try_cloud.traffic import FORBIDDEN, THROTTLED

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.try_cloud.traffic import Api, Exchange

_VARIABLE = re.compile(r"\$context\.([A-Za-z.]+)")
_MISSING = "-"


def format_of(template: Path) -> str:
    """The format in the template of the stage."""
    resources: dict[str, Any] = json.loads(template.read_text(encoding="utf-8"))["Resources"]
    (stage,) = (each for each in resources.values() if each["Type"] == "AWS::ApiGateway::Stage")
    return str(stage["Properties"]["AccessLogSetting"]["Format"])


def line_of(log_format: str, exchange: Exchange, api: Api, *, account: str, at: datetime) -> str:
    """Fill in a format as API Gateway does: each variable by its text, what is missing by `-`.

    Args:
        log_format: The format.
        exchange: The request.
        api: The API.
        account: The account.
        at: When it came.
    """
    refused = {FORBIDDEN: "INVALID_API_KEY", THROTTLED: "THROTTLED"}
    known = {
        "accountId": account,
        "apiId": api.api_id,
        "error.responseType": refused.get(exchange.status, ""),
        "extendedRequestId": exchange.request_id,
        "httpMethod": exchange.method,
        "identity.apiKeyId": exchange.key_id,
        "integrationLatency": "" if exchange.status in refused else str(exchange.latency_ms),
        "requestId": exchange.request_id,
        "requestTimeEpoch": str(round(at.timestamp() * 1000)),
        "resourcePath": exchange.resource_path,
        "responseLatency": str(exchange.latency_ms),
        "responseLength": str(exchange.length),
        "stage": api.stage,
        "status": str(exchange.status),
    }
    return _VARIABLE.sub(lambda found: known.get(found[1]) or _MISSING, log_format)
