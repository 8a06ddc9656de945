"""Lines of both sources: sound, odd but sound, and broken in every way that docs/contracts.md names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.strategies.dice import Dice

NUMERIC_KEY = 4711
API_KEYS = ("key-0", "key-1", "key-0", "key-2", "key-1", NUMERIC_KEY, "key-0", "-", "nobodys-key", None, "")
RESOURCES = ("db-0", "db-1", "db-0", "SINGLE-TENANT", "db-1", "nobodys-db")
MODELS = ("embed-a", None, "embed-b", "", "-", "nvidia/embed é")
EVENT_TYPES = (
    "internal_model_total_tokens",
    "external_model_total_tokens",
    "internal_embedding_total_tokens",
    "external_reranking_total_tokens",
    "internal_model_egress_bytes",
    "external_embedding_egress_bytes",
    "internal_reranking_ingress_bytes",
    "external_model_ingress_bytes",
    "internal_model_something_new",
)
STATUSES = (
    "200",
    "200",
    200,
    "200",
    "200",
    "200",
    "204",
    "301",
    "404",
    "400",
    "401",
    "403",
    "429",
    "499",
    "500",
    "100",
    "599",
    "-",
    None,
)
SIZES = (
    "1234",
    "1",
    "0",
    77,
    "-",
    "",
    None,
    "0000000000000000007",
    "9223372036854775807",
    9223372036854775807,
)
WAF_CODES = ("-", "WAF_ALLOW", "WAF_BLOCK", None)
QUANTITIES = (1, 0, 2, 3, 10, 11, 1000, 123456, 2**53 + 1, 2**63 - 1)
LATENCIES = ("12", "-", "fast", 3.5, None, [1])

NOT_BYTES: tuple[object, ...] = (
    "-1",
    -1,
    "1.5",
    1.5,
    "1e3",
    2**63,
    "9223372036854775808",
    True,
    {},
    [],
    " 1",
    "\u0661",
)
BAD_REQUEST_MEMBERS: tuple[tuple[str, object], ...] = (
    *(("extendedRequestId", value) for value in (None, "", "-", 12, True, {}, ["a"])),
    *(
        ("requestTimeEpoch", value)
        for value in (
            None,
            "",
            "-",
            "yesterday",
            -1,
            1.5,
            "1431903927521.0",
            "253402300800000",
            10**15,
            True,
            {},
        )
    ),
    *(("apiKeyId", value) for value in (True, {}, ["key-0"], 1.5, 1e22)),
    *(("status", value) for value in ("20", "2000", "099", "600", 600, "2xx", -200, True, {}, [200], " 200")),
    *(("responseLength", value) for value in NOT_BYTES),
    *(("requestLength", value) for value in NOT_BYTES),
)
BAD_EVENT_MEMBERS: tuple[tuple[str, object], ...] = (
    *(("id", value) for value in (None, "", 12, True, {}, [])),
    *(("timestamp", value) for value in (None, "", 1431903927521, False, {})),
    *(
        ("timestamp", value)
        for value in (
            "2015-05-17",
            "2015-05-17 23:05:27Z",
            "2015-05-17T23:05:27",
            "2015-05-17T23:05:27z",
            "2015-05-17t23:05:27Z",
            "2015-05-17T23:05:27+00:00",
            "2015-05-17T23:05:27.Z",
            "2015-05-17T23:05:27.1234567890Z",
            "2015-05-17T23:05:27,5Z",
            "2015-02-29T00:00:00Z",
            "2015-13-01T00:00:00Z",
            "2015-00-01T00:00:00Z",
            "2015-05-32T00:00:00Z",
            "2015-05-17T24:00:00Z",
            "2015-05-17T23:60:00Z",
            "2015-06-30T23:59:60Z",
            "0000-01-01T00:00:00Z",
            "12015-05-17T23:05:27Z",
            "2015-5-17T23:05:27Z",
            " 2015-05-17T23:05:27Z",
            "2015-05-17T23:05:27Z\n",
            "\u0662\u0660\u0661\u0665-05-17T23:05:27Z",
        )
    ),
    *(("event_type", value) for value in (None, "", 1, [])),
    *(("properties", value) for value in (None, "", "text", [], [{"usage": 1}], 1)),
    *(("properties.resource_id", value) for value in (None, "", 1, {})),
    *(
        ("properties.usage", value)
        for value in (None, "", "5", -1, 1.5, 5.0, 1e3, 2**63, 10**19, 10**30, True, {}, [1])
    ),
    *(("properties.model", value) for value in (1, True, {}, ["embed-a"])),
)
BAD_TEXTS = (
    "garbage",
    "{",
    "}",
    '{"id":"cut',
    '"}{"',
    "}{",
    "[1,2]",
    "17",
    "null",
    "true",
    '"text"',
    "[]",
    "{}",
    '{"a":1,}',
    "[1,]",
    "{'a':1}",
    "{a:1}",
    '{"a":01}',
    '{"a":1.}',
    '{"a":+1}',
    '{"a":.5}',
    '{"a":nan}',
    '{"a":[1, -Infinity]}',
    '{"a":"x","b":NaN}',
    '{"a":tRue}',
    '{"a" 1}',
    '{"a":1 "b":2}',
    '{"a":1}}',
    '{"a":"\t"}',
    '{"a":"\\x41"}',
    '{"a":"\\ud800"}',
    '{"a":"\\udc00\\ud800"}',
    '{"a":1} // comment',
    "\ufeff{}",
    "\x00",
    "\x0b{}",
    "\u00a0{}",
    '{"a":1}]{"b":2}',
    "[" * 1500 + "]" * 1499,
    '{"a":"' + "[{" * 500 + '"}',
    '{"a":' + "[" * 999 + "]" * 999 + "}",
)
# Members that no table keeps, in front of a line's own or behind them: it stays sound.
EXTRAS = (
    '"x":1',
    '"x":{"y":[1,{"z":null}]}',
    '"x":"} {"',
    '"x":"}{","y":"é😀"',
    '"x":"\\ud83d\\ude00\\u00e9\\\\u"',
    '"":"\\"{"',
    '"x":1E400,"y":123456789012345678901234567890',
    '"x":' + "[" * 997 + "]" * 997,
)
# Members of ours, a second time: the first is read.
REPEATED = (
    '"status":"500","requestTimeEpoch":"0","id":"other","timestamp":"x","properties":{"usage":9}',
    '"extendedRequestId":7,"apiKeyId":"key-0","event_type":9,"id":null',
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Draft:
    """A sound line, before it is written: its members may be changed to make another one."""

    is_access_log: bool
    time: datetime
    members: dict[str, Any]


def draft_request(dice: Dice, number: int, time: datetime) -> Draft:
    """Make up an access-log line."""
    members: dict[str, Any] = {
        "extendedRequestId": f"req-{number}=",
        "requestId": "caller-set",
        "requestTimeEpoch": (time - _EPOCH) // timedelta(milliseconds=1),
        "apiId": dice.pick(("a1", "a1", "a1", 1e22, "0.5", -7)),
        "stage": "prod",
        "apiKeyId": dice.pick(API_KEYS),
        "httpMethod": "GET",
        "resourcePath": "/pets/{id}",
        "status": dice.pick(STATUSES),
        "responseLength": dice.pick(SIZES),
        "responseLatency": dice.pick(LATENCIES),
        "errorType": "-",
        "wafResponseCode": dice.pick(WAF_CODES),
    }
    if dice.one_in(2):
        members["requestLength"] = dice.pick(SIZES)
    if not dice.one_in(3):
        members["requestTimeEpoch"] = str(members["requestTimeEpoch"])
    return Draft(is_access_log=True, time=time, members={k: v for k, v in members.items() if v is not None})


def draft_event(dice: Dice, number: int, time: datetime) -> Draft:
    """Make up a billing event."""
    properties = {
        "usage": dice.pick(QUANTITIES),
        "region": "us-west-2",
        "resource_type": "serverless_database",
        "resource_id": dice.pick(RESOURCES),
        "provider": "nvidia",
        "model": dice.pick(MODELS),
    }
    members = {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "timestamp": _instant(dice, time),
        "product": dice.pick(("serverless", None, 5, {"a": 1}, 0.5, "1e3", 2**64)),
        "event_type": dice.pick(EVENT_TYPES),
        "properties": {k: v for k, v in properties.items() if v is not None},
    }
    return Draft(is_access_log=False, time=time, members=members)


def write(dice: Dice, draft: Draft) -> str:
    """Write a draft: compact most of the time."""
    style = dice.below(16)
    if style == 1:
        return json.dumps(draft.members, indent=1, ensure_ascii=False).replace("\n", dice.pick((" ", "\r", "\t")))
    text = json.dumps(draft.members, ensure_ascii=style == 2, separators=(",", ":"))
    if style == 3:
        return "{" + dice.pick(EXTRAS) + "," + text[1:]
    if style == 4:
        return text[:-1] + "," + dice.pick(EXTRAS) + "}"
    if style == 5:
        return text[:-1] + "," + dice.pick(REPEATED) + "}"
    if style == 6:
        return text.replace('"status"', '"\\u0073tatus"').replace('"id"', '"\\u0069d"')
    return text


def write_broken(dice: Dice, draft: Draft) -> str:
    """Write a line with one fault: of its text, or of one of its members."""
    if dice.one_in(3):
        return dice.pick(BAD_TEXTS)
    name, value = dice.pick(_bad_members(draft))
    members = dict(draft.members)
    holder = members
    if name.startswith("properties."):
        holder = members["properties"] = dict(members["properties"])
        name = name.removeprefix("properties.")
    if value is None and dice.one_in(2):
        holder.pop(name, None)
    else:
        holder[name] = value
    text = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    return text.replace('"usage":1,', '"usage":-0,') if dice.one_in(8) else text


def write_changed(dice: Dice, draft: Draft, days: int) -> str:
    """Write a sound line with the id of the draft and other content.

    Args:
        dice: Decides what is other.
        draft: The line whose id it takes.
        days: By how many days its time is moved; 0 leaves the time alone.
    """
    if days == 0 and dice.one_in(4):
        return json.dumps(draft.members, ensure_ascii=False, separators=(", ", ": "))
    members = dict(draft.members)
    if draft.is_access_log:
        members["stage"] = dice.pick(("test", "zz", "a"))
        members["apiKeyId"] = dice.pick(API_KEYS[:3])
        moved = int(members["requestTimeEpoch"]) + days * 86_400_000
        members["requestTimeEpoch"] = str(moved)
    else:
        members["product"] = dice.pick(("other", "zz", "a"))
        members["properties"] = members["properties"] | {"usage": dice.pick(QUANTITIES)}
        if days:
            day = datetime.fromisoformat(members["timestamp"][:10]) + timedelta(days=days)
            members["timestamp"] = f"{day:%Y-%m-%d}{members['timestamp'][10:]}"
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))


def _bad_members(draft: Draft) -> Sequence[tuple[str, object]]:
    return BAD_REQUEST_MEMBERS if draft.is_access_log else BAD_EVENT_MEMBERS


def _instant(dice: Dice, time: datetime) -> str:
    seconds = time.replace(tzinfo=None, microsecond=0).isoformat()
    fraction = f"{time.microsecond:06}"
    digits = dice.pick((6, 3, 9, 1))
    if time.microsecond == 0 and dice.one_in(2):
        return f"{seconds}Z"
    return f"{seconds}.{(fraction + '999')[:digits]}Z"
