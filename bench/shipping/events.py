"""The events of the benchmarks: lines of 310 bytes, as the Data API emits them."""

from __future__ import annotations

import re

TYPES = ("internal_model_total_tokens", "internal_model_egress_bytes", "internal_model_ingress_bytes")
ID = re.compile(rb"0000[0-9a-f]{4}-[0-9a-f]{4}-4000-8000-[0-9]{12}")

_LINE = (
    '{"id":"%s","timestamp":"2026-09-01T12:00:00.123Z","product":"serverless","event_type":"%s",'
    '"properties":{"usage":%d,"region":"us-east-1","resource_type":"serverless_database",'
    '"resource_id":"7d1c9a52-1e5f-4c4e-9c36-0a2b7c1f4e55","provider":"nvidia","model":"nvidia/nv-embedqa-e5-v5"}}'
)


def event_id(source: int, number: int) -> str:
    """Name an event; `ID` finds it in whatever was stored."""
    return f"0000{source >> 16 & 0xFFFF:04x}-{source & 0xFFFF:04x}-4000-8000-{number:012}"


def event_line(source: int, number: int) -> str:
    """Write the n-th event of a source."""
    return _LINE % (event_id(source, number), TYPES[number % len(TYPES)], number % 5000)
