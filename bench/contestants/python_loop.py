"""The same by a Python loop with orjson and a set of ids.

Usage: python_loop.py LANDING
"""

from __future__ import annotations

import gc
import json
import sys
from collections import defaultdict
from pathlib import Path

import orjson


def main(landing: str) -> None:
    """Read every line, keep the first of each id, add up by the hour, and print what was found."""
    gc.disable()
    met: set[str] = set()
    hours: defaultdict[tuple[str, str, str, str | None], list[int]] = defaultdict(lambda: [0, 0])
    loads = orjson.loads
    for path in Path(landing).rglob("*.jsonl"):
        with path.open("rb") as lines:
            for line in lines:
                event = loads(line)
                event_id = event["id"]
                if event_id in met:
                    continue
                met.add(event_id)
                properties = event["properties"]
                key = (
                    event["timestamp"][:13],
                    event["event_type"],
                    properties["resource_id"],
                    properties.get("model"),
                )
                hour = hours[key]
                hour[0] += properties["usage"]
                hour[1] += 1
    found = {
        "groups": len(hours),
        "events": sum(hour[1] for hour in hours.values()),
        "quantity": sum(hour[0] for hour in hours.values()),
    }
    print(json.dumps(found))


main(sys.argv[1])
