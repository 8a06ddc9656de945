"""Billing events of the chaos tests: each can be written again from its id alone."""

from __future__ import annotations

import json
import random

EVENT_TYPES = ("internal_model_total_tokens", "external_model_ingress_bytes", "internal_model_egress_bytes")
REGIONS = ("us-east-1", "UNKNOWN_REGION", "eu-wést-1", "東京", 'with "quotes" and \\ and \u2028')


def event_id(source: str, number: int) -> str:
    """Name the event that a source (a thread of a process) emits as its n-th."""
    return f"{source}:{number}"


def event_line(event: str) -> bytes:
    """Write an event, always the same for the same id: its type, its size, its odd characters."""
    dice = random.Random(event)
    padding = "x" * (dice.randrange(20) if dice.random() < 0.98 else dice.randrange(4000))
    members = {
        "id": event,
        "timestamp": f"2026-09-0{dice.randint(1, 9)}T12:00:0{dice.randrange(10)}.{dice.randrange(1000):03}Z",
        "product": "serverless",
        "event_type": dice.choice(EVENT_TYPES),
        "properties": {
            "usage": dice.randrange(100_000),
            "region": dice.choice(REGIONS),
            "resource_type": "serverless_database",
            "resource_id": f"tenant-{dice.randrange(50)}{padding}",
            "provider": "nvidia",
            "model": "nvidia/nv-embedqa-e5-v5",
        },
    }
    return json.dumps(members, ensure_ascii=dice.random() < 0.5, separators=(",", ":")).encode()
