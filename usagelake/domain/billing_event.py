"""One billing event, as a service emitted it.

The event is that of the Data API (stargate/data-api, issue 2514): one compact JSON object on one line. What
makes a line valid, and the reason when it is not, is docs/contracts.md. An event type is data: no list of
them stands in code.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from usagelake.domain.content_hash import content_hash
from usagelake.domain.json_text import JsonNumber
from usagelake.domain.line_object import LineObject
from usagelake.domain.quarantine import BrokenRuleError, Reason, Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

_MISSING_TEXTS: Final = frozenset({""})
_INSTANT: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?Z")
_MICROSECOND_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class BillingEvent:
    """A row of the table `billing_events`, as far as the line itself tells it; None is missing.

    Attributes:
        event_id: `id`, one per emission; the id that duplicates are told by.
        event_time: `timestamp`: UTC, in whole microseconds; finer digits are cut off.
        event_type: What was counted and where, such as `internal_model_total_tokens`.
        product: The product, `serverless` by default of the emitter.
        resource_id: The tenant or database whose usage it is.
        resource_type: What kind of resource that is.
        region: Where it ran; may be `UNKNOWN_REGION`.
        provider: The model's provider.
        model: The model.
        quantity: `properties.usage`: tokens or bytes, 0 to 2^63 - 1.
        content_hash: The fingerprint of the line (docs/contracts.md), 0 to 2^60 - 1.
    """

    event_id: str
    event_time: datetime
    event_type: str
    product: str | None
    resource_id: str
    resource_type: str | None
    region: str | None
    provider: str | None
    model: str | None
    quantity: int
    content_hash: int


def parse_billing_event(text: str) -> BillingEvent | Rejected:
    """Read one line of billing events.

    Args:
        text: The line, trimmed of JSON white space.

    Returns:
        The event, or the first rule of docs/contracts.md that the line breaks.

    Example:
        >>> parse_billing_event('{"id":7}')
        Rejected(reason=<Reason.EVENT_ID_NOT_A_STRING: 'id is not a string'>)
    """
    try:
        line = LineObject.read(text, unknown=_MISSING_TEXTS)
        event_id = line.string("id", missing=Reason.EVENT_ID_MISSING, wrong=Reason.EVENT_ID_NOT_A_STRING)
        event_time = _event_time(line)
        event_type = line.string("event_type", missing=Reason.EVENT_TYPE_MISSING, wrong=Reason.EVENT_TYPE_NOT_A_STRING)
        properties = line.inner("properties")
        resource_id = properties.string(
            "resource_id", missing=Reason.RESOURCE_ID_MISSING, wrong=Reason.RESOURCE_ID_NOT_A_STRING
        )
        quantity = _quantity(properties)
        model = _model(properties)
    except BrokenRuleError as broken:
        return Rejected(broken.reason)
    return BillingEvent(
        event_id=event_id,
        event_time=event_time,
        event_type=event_type,
        product=line.text("product"),
        resource_id=resource_id,
        resource_type=properties.text("resource_type"),
        region=properties.text("region"),
        provider=properties.text("provider"),
        model=model,
        quantity=quantity,
        content_hash=content_hash(text),
    )


def render_billing_event(event: BillingEvent) -> str:
    """Write an event as a service emits it: one compact JSON object.

    Args:
        event: The event; `content_hash` is not written, and what is None is left out.

    Returns:
        A line without its line feed, from which `parse_billing_event` reads the same event.
    """
    members = {
        "id": event.event_id,
        "timestamp": event.event_time.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z",
        "product": event.product,
        "event_type": event.event_type,
    }
    properties = {
        "usage": event.quantity,
        "region": event.region,
        "resource_type": event.resource_type,
        "resource_id": event.resource_id,
        "provider": event.provider,
        "model": event.model,
    }
    return json.dumps(
        _present(members) | {"properties": _present(properties)}, ensure_ascii=False, separators=(",", ":")
    )


def _present(members: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if value is not None}


def _event_time(line: LineObject) -> datetime:
    written = line.string("timestamp", missing=Reason.TIMESTAMP_MISSING, wrong=Reason.TIMESTAMP_NOT_A_STRING)
    match = _INSTANT.fullmatch(written)
    if match is None:
        raise BrokenRuleError(Reason.TIMESTAMP_NOT_AN_INSTANT)
    year, month, day, hour, minute, second = (int(digits) for digits in match.groups()[:6])
    microsecond = int((match[7] or "")[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0"))
    try:
        return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)
    except ValueError as error:
        raise BrokenRuleError(Reason.TIMESTAMP_NOT_AN_INSTANT) from error


def _quantity(properties: LineObject) -> int:
    written = properties.value("usage")
    if written is None:
        raise BrokenRuleError(Reason.USAGE_MISSING)
    quantity = properties.integer("usage") if isinstance(written, JsonNumber) else None
    if quantity is None:
        raise BrokenRuleError(Reason.USAGE_NOT_AN_INTEGER)
    return quantity


def _model(properties: LineObject) -> str | None:
    if properties.value("model") is None:
        return None
    return properties.string("model", missing=Reason.MODEL_NOT_A_STRING, wrong=Reason.MODEL_NOT_A_STRING)
