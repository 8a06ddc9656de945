"""The whole lake: every line of every object, once; what is double, what is bad."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from tests.reference.events import Bad, Event, Request, event_of, request_of
from tests.reference.lines import KEPT, UNREADABLE, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

CONFLICT = "id was already taken with other content"


@dataclass
class Lake:
    """What stands in the lake, and what was counted on the way.

    Attributes:
        requests: Access-log lines by id.
        events: Billing events by id.
        origin: Of each event (source, id) the object it was taken from.
        quarantine: How often (source, object key, text, reason) occurs.
        objects: How many objects were read.
        lines: How many lines they hold.
        duplicates: How many lines were there already.
    """

    requests: dict[str, Request] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    origin: dict[tuple[str, str], str] = field(default_factory=dict)
    quarantine: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    objects: int = 0
    lines: int = 0
    duplicates: int = 0

    @property
    def unreadable_objects(self) -> int:
        """How many objects hold a line that could not be read as text."""
        return len({key for _, key, _, reason in self.quarantine if reason in UNREADABLE})


def is_read(key: str) -> bool:
    """Tell whether an object of the landing is read at all: NDJSON by name, and not hidden."""
    path = PurePosixPath(key)
    return path.name.endswith((".jsonl", ".jsonl.gz")) and all(part[0] not in "._" for part in path.parts)


def read_landing(landing: Path, runs: Iterable[Iterable[str]] | None = None) -> Lake:
    """Read a landing folder.

    Args:
        landing: The folder.
        runs: The keys of the objects that come together, run after run; None: all of them at once. It makes
            a difference only where an id stands with two contents: what an earlier run has taken stays, and
            within a run the smallest (object key, line).
    """
    contents = {
        path.relative_to(landing).as_posix(): path.read_bytes() for path in landing.rglob("*") if path.is_file()
    }
    found = {key: content for key, content in contents.items() if is_read(key)}
    lake = Lake()
    for keys in [list(found)] if runs is None else runs:
        _take({key: found[key] for key in keys if key in found}, lake)
    return lake


def _take(contents: Mapping[str, bytes], lake: Lake) -> None:
    good: list[tuple[str, str, Request | Event]] = []
    for key, content in contents.items():
        lake.objects += 1
        is_access_log = "apigw_access" in key.split("/")[:-1]
        source = "api_requests" if is_access_log else "billing_events"
        for text, fault in lines_of(content, gzipped=key.endswith(".gz")):
            lake.lines += 1
            judged = fault or _judge(text, is_access_log=is_access_log)
            if isinstance(judged, str):
                lake.quarantine[source, key, text[:KEPT], judged] += 1
            else:
                good.append((key, text, judged))
    for key, text, event in sorted(good, key=lambda entry: (entry[0].encode(), entry[1].encode())):
        _take_event(lake, key, text, event)


def _judge(text: str, *, is_access_log: bool) -> Request | Event | str:
    """Return what the line says, or the reason why it is bad."""
    try:
        return request_of(text) if is_access_log else event_of(text)
    except Bad as bad:
        return str(bad)


def _take_event(lake: Lake, key: str, text: str, event: Request | Event) -> None:
    source = "api_requests" if isinstance(event, Request) else "billing_events"
    taken: dict[str, Request] | dict[str, Event] = lake.requests if isinstance(event, Request) else lake.events
    there = taken.get(event.id)
    if there is None:
        taken[event.id] = event  # type: ignore[assignment]
        lake.origin[source, event.id] = key
    elif there.content_hash == event.content_hash:
        lake.duplicates += 1
    else:
        lake.quarantine[source, key, text[:KEPT], CONFLICT] += 1
