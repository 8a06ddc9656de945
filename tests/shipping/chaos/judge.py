"""What a store holds, held against what was emitted."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.shipping.chaos.events import event_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_KEY = re.compile(
    r"(?P<prefix>[^/]+)/\d{4}/\d\d/\d\d/\d\d/\d\d/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.jsonl"
)


@dataclass
class Judgement:
    """What was found.

    Attributes:
        ids: Every id that is stored.
        wrong: What must never be, in words: an id under two keys, a changed line, a key or object that the contract
            does not know, an object that was overwritten.
    """

    ids: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def lost(self, emitted: Iterable[str]) -> list[str]:
        """Tell which of the events are not stored."""
        return [event for event in emitted if event not in self.ids]


def judge(stored: Iterable[tuple[str, bytes]], *, max_events: int = 50, prefix: str | None = None) -> Judgement:
    """Judge everything that was ever stored.

    Args:
        stored: Key and body of each successful put, in order.
        max_events: The configured limit.
        prefix: The configured prefix; None is a folder for each event type.
    """
    found = Judgement()
    keys: Counter[str] = Counter()
    places: dict[str, str] = {}
    for key, body in stored:
        keys[key] += 1
        match = _KEY.fullmatch(key)
        if match is None:
            found.wrong.append(f"{key}: no key of the contract")
            continue
        if not body.endswith(b"\n"):
            found.wrong.append(f"{key}: the last line does not end")
        lines = body.split(b"\n")[:-1]
        if not 0 < len(lines) <= max_events:
            found.wrong.append(f"{key}: {len(lines)} events in an object")
        for line in lines:
            _judge_line(found, places, key, line, folder=match["prefix"], prefix=prefix)
    found.wrong.extend(f"{key}: stored {times} times" for key, times in keys.items() if times > 1)
    found.ids = set(places)
    return found


def _judge_line(
    found: Judgement, places: dict[str, str], key: str, line: bytes, *, folder: str, prefix: str | None
) -> None:
    try:
        event: Mapping[str, str] = json.loads(line)
    except ValueError:
        found.wrong.append(f"{key}: {line[:100]!r} is no JSON")
        return
    name = event["id"]
    if line != event_line(name):
        found.wrong.append(f"{key}: {name} is not as it was emitted")
    if folder != (event["event_type"] if prefix is None else prefix):
        found.wrong.append(f"{key}: {name} is of type {event['event_type']}")
    if name in places:
        found.wrong.append(f"{name}: in {places[name]} and in {key}")
    places[name] = key
