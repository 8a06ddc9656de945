"""A plain reading of docs/contracts.md, written for these tests alone: it shares no code with the package."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Line = dict[str, Any]
    Judge = Callable[[Line], tuple[str, Line]]

SPACE = b" \t\r"
LONGEST = 1_048_576
JOINT = re.compile(r"(?<=\})(?=[ \t\r\n]*\{)")
INSTANT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
METER = re.compile(r"(internal|external)_(?:model|embedding|reranking)_(?:total_)?(tokens|egress_bytes|ingress_bytes)")
UNKNOWN = (None, "", "-")


class Real(str):
    """A JSON number that is not written as an integer."""

    __slots__ = ()


@dataclass
class Source:
    objects: int = 0
    events: dict[str, tuple[str, Line]] = field(default_factory=dict)
    duplicates: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    keyless: int = 0
    billable: int = 0
    in_period: int = 0
    usage: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def read(landing: Path, start: datetime, end: datetime) -> tuple[Source, Source]:
    """Read a landing folder; return the account of the access logs and of the billing events."""
    access, billing = Source(), Source()
    for path in sorted(path for path in landing.rglob("*") if path.is_file()):
        is_access = "apigw_access" in path.relative_to(landing).parts
        source, judge = (access, judge_request) if is_access else (billing, judge_billing_event)
        source.objects += 1
        for text, unreadable in lines_of(path):
            event_id, event, reason = ("", {}, unreadable) if unreadable else judge_text(text, judge)
            if reason:
                source.reasons[reason] += 1
            elif event_id not in source.events:
                source.events[event_id] = (text, event)
            elif source.events[event_id][0] == text:
                source.duplicates += 1
            else:
                source.reasons["id was already taken with other content"] += 1
    for source, count in ((access, count_request), (billing, count_billing_event)):
        for _, event in source.events.values():
            if start <= event["at"] < end:
                source.in_period += 1
                count(source, event)
    return access, billing


def objects(landing: Path) -> list[tuple[str, list[str]]]:
    """Return each object's key and the texts of its lines."""
    found = sorted(path for path in landing.rglob("*") if path.is_file())
    return [(str(path.relative_to(landing)), [text for text, _ in lines_of(path)]) for path in found]


def content_of(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def lines_of(path: Path) -> list[tuple[str, str]]:
    """Return the texts of an object's lines, each with a reason or "" when it is still to be judged."""
    found = []
    for piece in content_of(path).removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        trimmed = piece.strip(SPACE)
        if not trimmed:
            continue
        if len(trimmed) > LONGEST:
            found.append(("", "line is longer than 1 MiB"))
            continue
        try:
            text = trimmed.decode("utf-8")
        except UnicodeDecodeError:
            found.append(("", "line is not valid UTF-8"))
            continue
        parts = [text] if is_json(text) else JOINT.split(text)
        found += [(part.strip(" \t\r"), "") for part in parts]
    return found


def is_json(text: str) -> bool:
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except ValueError:
        return False
    return True


def judge_text(text: str, judge: Judge) -> tuple[str, Line, str]:
    if not is_json(text):
        return "", {}, "line is not valid JSON"
    value = json.loads(text, parse_float=Real)
    if not isinstance(value, dict):
        return "", {}, "line is not a JSON object"
    try:
        return *judge(value), ""
    except ValueError as fault:
        return "", {}, str(fault)


def whole(value: object, digits: int, most: int) -> int | None:
    """Return an integer written with up to `digits` decimal digits as text or as a number, or None."""
    if isinstance(value, bool | dict | list | Real):
        return None
    text = str(value)
    if not re.fullmatch(rf"[0-9]{{1,{digits}}}", text) or int(text) > most:
        return None
    return int(text)


def judge_request(line: Line) -> tuple[str, Line]:
    request_id, epoch, key = (line.get(name) for name in ("extendedRequestId", "requestTimeEpoch", "apiKeyId"))
    if request_id in UNKNOWN:
        raise ValueError("extendedRequestId is missing")
    if type(request_id) is not str:
        raise ValueError("extendedRequestId is not a string")
    if epoch in UNKNOWN:
        raise ValueError("requestTimeEpoch is missing")
    milliseconds = whole(epoch, 15, 253402300799999)
    if milliseconds is None:
        raise ValueError("requestTimeEpoch is not a time in milliseconds")
    if key not in UNKNOWN and isinstance(key, bool | dict | list):
        raise ValueError("apiKeyId is not a string")
    status = line.get("status")
    if status not in UNKNOWN and (whole(status, 3, 599) or 0) < 100:
        raise ValueError("status is not an HTTP status")
    event = {
        "at": datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds),
        "key": None if key in UNKNOWN else str(key),
        "status": 0 if status in UNKNOWN else int(status),
        "waf": line.get("wafResponseCode"),
    }
    for name in ("responseLength", "requestLength"):
        value = line.get(name)
        event[name] = 0 if value in UNKNOWN else whole(value, 19, 2**63 - 1)
        if event[name] is None:
            raise ValueError(f"{name} is not a number of bytes")
    return request_id, event


def count_request(source: Source, event: Line) -> None:
    if event["key"] is None:
        source.keyless += 1
    elif 200 <= event["status"] < 500 and event["status"] not in (401, 403, 429) and event["waf"] != "WAF_BLOCK":
        source.billable += 1
        used = source.usage[event["key"]]
        used["api_requests"] += 1
        used["response_bytes"] += event["responseLength"]
        used["request_bytes"] += event["requestLength"]


def judge_billing_event(line: Line) -> tuple[str, Line]:
    properties = line.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    event_id = text_of(line, "id", "id")
    timestamp = text_of(line, "timestamp", "timestamp")
    at = instant(timestamp)
    event_type = text_of(line, "event_type", "event_type")
    resource = text_of(properties, "resource_id", "properties.resource_id")
    usage = properties.get("usage")
    if usage in (None, ""):
        raise ValueError("properties.usage is missing")
    if type(usage) is not int or not 0 <= usage < 2**63:
        raise ValueError("properties.usage is not an integer from 0 to 2^63 - 1")
    if properties.get("model") is not None and type(properties["model"]) is not str:
        raise ValueError("properties.model is not a string")
    return event_id, {"at": at, "type": event_type, "resource": resource, "usage": usage}


def text_of(owner: Line, name: str, shown: str) -> str:
    value = owner.get(name)
    if value in (None, ""):
        raise ValueError(f"{shown} is missing")
    if type(value) is not str:
        raise ValueError(f"{shown} is not a string")
    return value


def instant(timestamp: str) -> datetime:
    match = INSTANT.fullmatch(timestamp)
    fault = ValueError("timestamp is not an RFC 3339 instant in UTC")
    if match is None:
        raise fault
    *parts, fraction = match.groups()
    try:
        return datetime(*map(int, parts), int((fraction or "")[:6].ljust(6, "0")), tzinfo=UTC)
    except ValueError:
        raise fault from None


def count_billing_event(source: Source, event: Line) -> None:
    source.billable += 1
    side, what = METER.fullmatch(event["type"]).groups()
    source.usage[event["resource"]][f"{side}_{what}"] += event["usage"]
