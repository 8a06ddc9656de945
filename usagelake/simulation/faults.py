"""Malformed lines: every row of the tables in `docs/contracts.md`, made of valid lines.

A malformed line has an id of its own, so that it is never taken for another delivery of the valid one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from usagelake.simulation.draws import extended_request_ids, uuids

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence

    Event = dict[str, Any]
    TextFault = Callable[[str, random.Random], str]

NOT_JSON = "line is not valid JSON"
NOT_UTF8 = "line is not valid UTF-8"
NOT_AN_OBJECT = "line is not a JSON object"
CONFLICT = "id was already taken with other content"

_ABSENT = object()
_UNKNOWN = (_ABSENT, None, "", "-")
_MISSING = (_ABSENT, None, "")
_NOT_SIZES = ("-1", -4096, 1.5, "12 KB", "9223372036854775808", "0x1F", True, {"bytes": 1})
_NOT_USAGES = (-1, 1.5, 1e3, 9223372036854775808, 10**30, "12", True, {"tokens": 1})
_NOT_INSTANTS = (
    "yesterday",
    "2025-10-05 12:00:00Z",
    "2025-10-05T12:00:00",
    "2025-10-05T12:00:00+02:00",
    "2025-10-05T12:00:00.Z",
    "2025-10-05T12:00:00.1234567890Z",
    "2025-10-05T24:00:00Z",
    "2025-02-30T00:00:00Z",
    "2025-13-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
)

_FIELD_FAULTS: Mapping[str, Sequence[tuple[str, str, Sequence[object]]]] = {
    "extendedRequestId": (
        ("extendedRequestId", "extendedRequestId is missing", _UNKNOWN),
        ("extendedRequestId", "extendedRequestId is not a string", (17, {"id": "x"}, ["x"], True)),
        ("requestTimeEpoch", "requestTimeEpoch is missing", _UNKNOWN),
        (
            "requestTimeEpoch",
            "requestTimeEpoch is not a time in milliseconds",
            ("yesterday", "-5", "1759312800.5", "1e12", "1759312800000000", "253402300800000", [], False),
        ),
        ("apiKeyId", "apiKeyId is not a string", ({"id": "x"}, ["x"], True)),
        ("status", "status is not an HTTP status", ("99", "600", "2xx", 20, "0200", {"code": 200}, False)),
        ("responseLength", "responseLength is not a number of bytes", _NOT_SIZES),
        ("requestLength", "requestLength is not a number of bytes", _NOT_SIZES),
    ),
    "id": (
        ("id", "id is missing", _MISSING),
        ("id", "id is not a string", (17, {"id": "x"}, ["x"], True)),
        ("timestamp", "timestamp is missing", _MISSING),
        ("timestamp", "timestamp is not a string", (1759312800000, {"at": "x"}, False)),
        ("timestamp", "timestamp is not an RFC 3339 instant in UTC", _NOT_INSTANTS),
        ("event_type", "event_type is missing", _MISSING),
        ("event_type", "event_type is not a string", (7, ["x"], True)),
        ("properties", "properties.resource_id is missing", (_ABSENT, None)),
        ("properties.resource_id", "properties.resource_id is missing", _MISSING),
        ("properties.resource_id", "properties.resource_id is not a string", (7, {"id": "x"}, True)),
        ("properties.usage", "properties.usage is missing", _MISSING),
        ("properties.usage", "properties.usage is not an integer from 0 to 2^63 - 1", _NOT_USAGES),
        ("properties.model", "properties.model is not a string", (7, {"name": "x"}, ["x"], False)),
    ),
}
"""By the source's id member: a member, the reason, and the values that give it."""

_CONFLICTING = {"extendedRequestId": "responseLatency", "id": "properties.region"}
"""The member that differs in a conflict: one that is not billed, so that either line may be the first."""


def _truncated(line: str, rng: random.Random) -> str:
    return line[: rng.randrange(1, len(line))]


_TEXT_FAULTS: Sequence[tuple[str, TextFault]] = (
    (NOT_JSON, _truncated),
    (NOT_JSON, _truncated),
    (NOT_JSON, lambda _line, _rng: "not json at all"),
    (NOT_JSON, lambda line, _rng: line[:-1] + ",}"),
    (NOT_JSON, lambda line, _rng: line.replace('"', "'")),
    (NOT_JSON, lambda line, _rng: line.replace(":", ":01,", 1)),
    (NOT_JSON, lambda line, _rng: line[:-1] + ',"note":"a\ttab"}'),
    (NOT_JSON, lambda line, _rng: line[:-1] + ',"note":"\\ud800"}'),
    (NOT_JSON, lambda line, rng: line[:-1] + f',"ratio":{rng.choice(("NaN", "Infinity", "-Infinity"))}}}'),
    (NOT_UTF8, lambda line, _rng: line[:-1] + ',"note":"caf\udce9"}'),
    (NOT_AN_OBJECT, lambda line, _rng: f"[{line}]"),
    (NOT_AN_OBJECT, lambda _line, rng: ("[1,2,3]", "42", '"text"', "null", "true")[rng.randrange(5)]),
)


class MalformedLines:
    """A spoiler for one source.

    Args:
        id_member: `extendedRequestId` for access logs, `id` for billing events.
        rng: Draws the faults.
    """

    def __init__(self, id_member: str, rng: random.Random) -> None:
        self._id_member = id_member
        self._rng = rng
        self._field_faults = _FIELD_FAULTS[id_member]

    def spoil(self, line: str) -> tuple[str, str]:
        """Return a malformed line, made of a valid one, and the reason for which it is quarantined."""
        event = json.loads(line)
        event[self._id_member] = self._fresh_id()
        fault = self._rng.randrange(len(_TEXT_FAULTS) + len(self._field_faults))
        if fault < len(_TEXT_FAULTS):
            reason, spoil = _TEXT_FAULTS[fault]
            return spoil(compact_json(event), self._rng), reason
        member, reason, values = self._field_faults[fault - len(_TEXT_FAULTS)]
        return compact_json(_changed(event, member, self._rng.choice(values))), reason

    def conflict(self, line: str) -> tuple[str, str]:
        """Return a valid line with the same id and other content, and the reason."""
        event = json.loads(line)
        changed = str(self._rng.randrange(1_000_000, 9_000_000))
        return compact_json(_changed(event, _CONFLICTING[self._id_member], changed)), CONFLICT

    def _fresh_id(self) -> str:
        make = uuids if self._id_member == "id" else extended_request_ids
        return make(self._rng, 1)[0]


def compact_json(event: Event) -> str:
    """Return an event as one line of compact JSON in ASCII."""
    return json.dumps(event, separators=(",", ":"))


def _changed(event: Event, member: str, value: object) -> Event:
    *path, name = member.split(".")
    owner = event
    for step in path:
        owner = owner[step]
    if value is _ABSENT:
        owner.pop(name, None)
    else:
        owner[name] = value
    return event
