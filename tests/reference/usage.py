"""The nine meters, hour by hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from tests.reference.events import Request
    from tests.reference.landing import Lake

KINDS = {"total_tokens": "tokens", "egress_bytes": "egress_bytes", "ingress_bytes": "ingress_bytes"}
METERS_OF_EVENTS = {
    f"{side}_{generation}_{kind}": f"{side}_{meter}"
    for side in ("internal", "external")
    for generation in ("model", "embedding", "reranking")
    for kind, meter in KINDS.items()
}


class Hour(NamedTuple):
    """The key of one row of usage_hourly."""

    meter: str
    subject_type: str
    subject_id: str
    hour: dt.datetime
    dimension: str


def is_billable(request: Request) -> bool:
    """Apply the default policy: a key, not blocked, an answer of the backend's that is no server error."""
    if request.api_key_id is None or request.waf == "WAF_BLOCK" or request.status is None:
        return False
    return request.status // 100 in (2, 3) or (request.status // 100 == 4 and request.status not in (401, 403, 429))


def hourly_usage(lake: Lake) -> dict[Hour, tuple[int, int]]:
    """Sum up quantity and events per meter, subject, hour and dimension."""
    sums: dict[Hour, tuple[int, int]] = {}
    for key, quantity in _counted(lake):
        before, events = sums.get(key, (0, 0))
        sums[key] = (before + quantity, events + 1)
    return sums


def _counted(lake: Lake) -> Iterator[tuple[Hour, int]]:
    for request in lake.requests.values():
        if not is_billable(request):
            continue
        sizes = {
            "api_requests": 1,
            "response_bytes": request.response_bytes,
            "request_bytes": request.request_bytes,
        }
        for meter, quantity in sizes.items():
            if quantity is not None:
                yield Hour(meter, "api_key", str(request.api_key_id), _hour(request.time), ""), quantity
    for event in lake.events.values():
        meter = METERS_OF_EVENTS.get(event.event_type, "")
        if meter:
            yield (
                Hour(meter, "resource", event.resource_id, _hour(event.time), event.model or ""),
                event.quantity,
            )


def _hour(time: dt.datetime) -> dt.datetime:
    return time.replace(minute=0, second=0, microsecond=0)
