"""Lines of billing events for the tests of shipping."""

from __future__ import annotations

import json

MINUTE = 29_921_621
CREATED = MINUTE * 60.0 + 7.5


def event(number: int, event_type: str = "internal_model_total_tokens", *, padding: int = 0) -> bytes:
    """Write an event as a service does."""
    members = {
        "id": f"event-{number}",
        "timestamp": f"2026-11-21T21:41:{number % 60:02}.5Z",
        "event_type": event_type,
        "properties": {"usage": number, "resource_id": "r" + "x" * padding},
    }
    return json.dumps(members, separators=(",", ":")).encode()
