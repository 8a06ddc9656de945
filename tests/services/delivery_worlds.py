"""Deliveries that went wrong in every way, and what must be found of them: told by dictionaries of whole texts."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from usagelake.storage import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TYPES = ("tokens", "bytes")
TIMES = (
    "2025-10-05T11:59:59.999999999Z",
    "2025-10-05T12:00:00Z",
    "2025-10-05T12:00:30.5Z",
    "2025-10-05T12:01:00.000Z",
    "2025-10-05T13:00:00Z",
)
KEYS = (
    "bytes/2025/10/05/12/00/a.jsonl",
    "data-api/2025/10/05/12/01/b.jsonl.gz",
    "odd.jsonl",
    "tokens/2025/10/05/11/59/c.jsonl",
    "tokens/2025/10/05/12/00/d.jsonl.gz",
)
NOT_READ = {
    "apigw_access/2025/10/05/12/00/a.jsonl": b'{"extendedRequestId":"1"}\n',
    "tokens/2025/10/05/12/00/_tmp.jsonl": b"x",
    "tokens/readme.txt": b"x",
}
FILES = ("a/billing.log", "a/billing.log.1", "billing.ndjson.gz", "deep/down/c.jsonl")
BAD = ("garbage", "[1]", '{"id":7}', '{"id":"bad"}', '{"id":"bad","timestamp":"x"}', '{"a":"\ufffd"}', '{"id":"')


@dataclass(frozen=True)
class Event:
    """An event and the text that stands for it."""

    event_id: str
    event_type: str
    timestamp: str
    text: str

    @property
    def time(self) -> datetime:
        """Its instant in microseconds."""
        return datetime.strptime(self.timestamp[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)

    @property
    def cell(self) -> tuple[str, datetime]:
        """Where it counts."""
        return self.event_type, self.time.replace(second=0)


@dataclass
class World:
    """Both sides: by file and by object, what stands in them, line by line; a text alone is no billing event."""

    files: dict[str, list[Event | str]]
    objects: dict[str, list[Event | str]]
    bodies: dict[str, bytes] = field(default_factory=dict)
    start: datetime | None = None
    end: datetime | None = None

    def inside(self, event: Event) -> bool:
        """Whether an event is in the window."""
        return (self.start is None or self.start <= event.time) and (self.end is None or event.time < self.end)


@dataclass
class Expected:
    """What must be found."""

    cells: dict[tuple[str, datetime], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    amiss: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    emitted_bad: int = 0
    landed_bad: int = 0


def expected(world: World) -> Expected:
    """Find what is amiss, by another way than the code: whole texts, sorted out per id at the end."""
    found = Expected()
    emitted: dict[str, list[Event]] = defaultdict(list)
    landed: dict[str, list[tuple[str, Event]]] = defaultdict(list)
    for _, line in _lines(world.files):
        if isinstance(line, str):
            found.emitted_bad += 1
        elif world.inside(line):
            emitted[line.event_id].append(line)
    for key, line in _lines(world.objects):
        if isinstance(line, str):
            found.landed_bad += 1
        elif world.inside(line) or line.event_id in emitted:
            landed[line.event_id].append((key, line))
    for event_id in emitted.keys() | landed.keys():
        _judge(found, event_id, emitted.get(event_id, []), landed.get(event_id, []))
    return found


def _lines(places: Mapping[str, list[Event | str]]) -> Iterator[tuple[str, Event | str]]:
    return ((name, line) for name, lines in sorted(places.items()) for line in lines)


def _judge(found: Expected, event_id: str, sent: list[Event], came: list[tuple[str, Event]]) -> None:
    counts = found.cells[(sent or [came[0][1]])[0].cell]
    sent_texts, landed_texts = {event.text for event in sent}, {event.text for _, event in came}
    counts["emitted"] += bool(sent)
    counts["landed"] += bool(came)
    counts["emitted_again"] += len(sent) - len(sent_texts)
    counts["duplicate"] += len(came) - len(landed_texts)
    counts["in_several"] += len({key for key, _ in came}) > 1
    amiss = {
        "missing": bool(sent) and not came,
        "extra": bool(came) and not sent,
        "different": bool(came) and len(sent_texts | landed_texts) > 1,
    }
    for kind, is_amiss in amiss.items():
        counts[kind] += is_amiss
    for kind, is_amiss in (amiss | {"duplicate": len(came) > len(landed_texts)}).items():
        if is_amiss:
            found.amiss[kind].add(event_id)


def event(event_id: str, event_type: str, timestamp: str, usage: int, style: int) -> Event:
    """Write an event: compact and with its id first, as services do, or otherwise."""
    members: dict[str, Any] = {
        "id": event_id,
        "timestamp": timestamp,
        "event_type": event_type,
        "properties": {"usage": usage, "resource_id": "db-1"},
    }
    if style == 1:
        members["id"] = members.pop("id")
    text = json.dumps(members, separators=(", ", ": ") if style == 2 else (",", ":"))
    return Event(event_id, event_type, timestamp, text)


EVENTS = st.builds(
    event,
    st.sampled_from(("a", "b", "c", "d", 'quo"te', "back\\slash", "é")),
    st.sampled_from(TYPES),
    st.sampled_from(TIMES),
    st.integers(0, 1),
    st.integers(0, 2),
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """What was emitted, and of it what was lost, repeated, altered, added, shuffled, packed and joined."""
    emitted: list[Event | str] = list(draw(st.lists(EVENTS, max_size=12)))
    kept = [line for line in emitted if draw(st.integers(0, 3))]
    repeated = draw(st.lists(st.sampled_from(emitted), max_size=4)) if emitted else []
    landed = draw(st.permutations([*kept, *repeated, *draw(st.lists(EVENTS, max_size=4))]))
    emitted += draw(st.lists(st.sampled_from(BAD), max_size=2))
    world = World(
        files=_spread(draw, emitted, FILES),
        objects=_spread(draw, [*landed, *draw(st.lists(st.sampled_from(BAD), max_size=2))], KEYS),
    )
    world.bodies = {name: _packed(draw, name, lines) for name, lines in (world.files | world.objects).items()}
    world.start = draw(st.none() | st.sampled_from([datetime(2025, 10, 5, hour, tzinfo=UTC) for hour in (11, 12)]))
    ends = [datetime(2025, 10, 5, 12, 1, tzinfo=UTC), datetime(2025, 10, 5, 13, tzinfo=UTC)]
    world.end = draw(st.none() | st.sampled_from(ends))
    return world


def _spread(draw: st.DrawFn, lines: list[Event | str], names: tuple[str, ...]) -> dict[str, list[Event | str]]:
    places: dict[str, list[Event | str]] = {names[0]: []}
    for line in lines:
        places.setdefault(draw(st.sampled_from(names)), []).append(line)
    return places


def _packed(draw: st.DrawFn, name: str, lines: list[Event | str]) -> bytes:
    """Write lines with every joint that the contract knows; what is no JSON stands on a line of its own."""
    text = draw(st.sampled_from(("", "\ufeff", "\n\n")))
    for line, following in zip_longest(lines, lines[1:]):
        joinable = isinstance(line, Event) and isinstance(following, Event)
        text += line.text if isinstance(line, Event) else line
        text += draw(st.sampled_from(("\n", "\r\n", " \n\t\n", *(("", " ") if joinable else ()))))
    body = (text.removesuffix("\n") if draw(st.booleans()) else text).encode()
    return gzip.compress(body) if name.endswith(".gz") else body


def write(folder: Path, bodies: Mapping[str, bytes]) -> None:
    """Write files."""
    for name, body in bodies.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)


class Remote:
    """A place that is no folder of this machine, and keeps metadata."""

    location = "s3://bucket"

    def __init__(self, bodies: Mapping[str, bytes], metadata: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self._bodies = bodies
        self._metadata = metadata or {}

    def list(self) -> Iterator[ObjectInfo]:
        """List every object."""
        return (ObjectInfo(key, len(body), "1") for key, body in self._bodies.items())

    def read(self, key: str) -> Iterator[bytes]:
        """Read one object, three bytes at a time."""
        body = self._bodies[key]
        return (body[start : start + 3] for start in range(0, len(body), 3))

    def path(self, key: str) -> None:
        """It lies nowhere here."""

    def metadata(self, key: str) -> Mapping[str, str]:
        """Tell what stands beside an object."""
        return self._metadata.get(key, {})

    def put_if_absent(self, key: str, body: bytes, **_: object) -> Any:
        """Nothing is written here."""
        raise NotImplementedError
