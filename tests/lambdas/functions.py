"""Calling functions as Lambda does: an event from a file, a context, and a lake on the local Athena."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parents[1] / "events"


def event(name: str, **changed: object) -> dict[str, Any]:
    """Read what a scheduler sends."""
    read: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return {**read, **changed}


@dataclass(frozen=True)
class Context:
    """What Lambda tells of a call."""

    aws_request_id: str = "5f0c2f2e-0001"
    seconds_left: float = 900.0
    function_name: str = "usage-dev-ingest"
    memory_limit_in_mb: int = 2048
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:usage-dev-ingest"

    def get_remaining_time_in_millis(self) -> int:
        """Tell how long the call may last."""
        return int(self.seconds_left * 1000)
