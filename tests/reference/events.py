"""What a line must have: the two tables of docs/contracts.md, row by row."""

from __future__ import annotations

import calendar
import datetime as dt
import hashlib
import re
from dataclasses import dataclass

from tests.reference.strict_json import NotJson, Number, Obj, read

BIGGEST = 9_223_372_036_854_775_807
END_OF_9999 = 253_402_300_799_999
INSTANT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?Z", re.ASCII)


class Bad(Exception):  # noqa: N818 - it is a verdict, not an error
    """The line breaks a rule; the only argument is the reason."""


@dataclass(frozen=True)
class Request:
    """A valid access-log line."""

    id: str
    time: dt.datetime
    api_key_id: str | None
    status: int | None
    waf: str | None
    response_bytes: int | None
    request_bytes: int | None
    others: tuple[object, ...]
    content_hash: int


@dataclass(frozen=True)
class Event:
    """A valid billing event."""

    id: str
    time: dt.datetime
    event_type: str
    resource_id: str
    model: str | None
    quantity: int
    others: tuple[object, ...]
    content_hash: int


def hash_of(text: str) -> int:
    """Return the first 60 bits of the MD5 of the line's bytes."""
    digest = hashlib.md5(text.encode("utf-8"), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big") >> 4


def request_of(text: str) -> Request:
    """Read an access-log line, or raise Bad with the first fault."""
    line = _object(text)

    def value(name: str) -> object:
        found = line.get(name)
        return None if found in ("", "-") else found

    identity = value("extendedRequestId")
    if identity is None:
        raise Bad("extendedRequestId is missing")
    if not isinstance(identity, str):
        raise Bad("extendedRequestId is not a string")
    epoch = value("requestTimeEpoch")
    if epoch is None:
        raise Bad("requestTimeEpoch is missing")
    milliseconds = _digits(epoch, most=15)
    if milliseconds is None or milliseconds > END_OF_9999:
        raise Bad("requestTimeEpoch is not a time in milliseconds")
    key = value("apiKeyId")
    if not (key is None or isinstance(key, str) or (isinstance(key, Number) and _text(key) is not None)):
        raise Bad("apiKeyId is not a string")
    status = value("status")
    if status is not None and (len(_text(status) or "") != 3 or not 100 <= (_digits(status, most=3) or 0) <= 599):
        raise Bad("status is not an HTTP status")
    response_length = value("responseLength")
    if response_length is not None and _size(response_length) is None:
        raise Bad("responseLength is not a number of bytes")
    request_length = value("requestLength")
    if request_length is not None and _size(request_length) is None:
        raise Bad("requestLength is not a number of bytes")
    return Request(
        id=identity,
        time=dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=milliseconds),
        api_key_id=_text(key),
        status=_digits(status, most=3),
        waf=_text(value("wafResponseCode")),
        response_bytes=_size(response_length),
        request_bytes=_size(request_length),
        others=(
            _text(value("apiId")),
            _text(value("stage")),
            _text(value("httpMethod")),
            _text(value("resourcePath")),
            _size(value("responseLatency")),
            _size(value("integrationLatency")),
            _text(value("errorType")),
        ),
        content_hash=hash_of(text),
    )


def event_of(text: str) -> Event:
    """Read a billing event, or raise Bad with the first fault."""
    line = _object(text)
    identity = _required(line, "id", "id")
    written = _required(line, "timestamp", "timestamp")
    time = _instant(written)
    event_type = _required(line, "event_type", "event_type")
    properties = line.get("properties")
    if not isinstance(properties, Obj):
        properties = Obj()
    resource_id = _required(properties, "resource_id", "properties.resource_id")
    usage = properties.get("usage")
    if usage is None or usage == "":
        raise Bad("properties.usage is missing")
    quantity = _size(usage) if isinstance(usage, Number) else None
    if quantity is None:
        raise Bad("properties.usage is not an integer from 0 to 2^63 - 1")
    model = properties.get("model")
    if not (model is None or isinstance(model, str)):
        raise Bad("properties.model is not a string")
    return Event(
        id=identity,
        time=time,
        event_type=event_type,
        resource_id=resource_id,
        model=model or None,
        quantity=quantity,
        others=(
            _text(line.get("product")) or None,
            _text(properties.get("resource_type")) or None,
            _text(properties.get("region")) or None,
            _text(properties.get("provider")) or None,
        ),
        content_hash=hash_of(text),
    )


def _object(text: str) -> Obj:
    try:
        value = read(text)
    except NotJson:
        raise Bad("line is not valid JSON") from None
    if not isinstance(value, Obj):
        raise Bad("line is not a JSON object")
    return value


def _required(holder: Obj, name: str, called: str) -> str:
    value = holder.get(name)
    if value is None or value == "":
        raise Bad(f"{called} is missing")
    if not isinstance(value, str):
        raise Bad(f"{called} is not a string")
    return value


def _instant(written: str) -> dt.datetime:
    match = INSTANT.fullmatch(written)
    bad = Bad("timestamp is not an RFC 3339 instant in UTC")
    if match is None:
        raise bad
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    if year < 1 or not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        raise bad
    if hour > 23 or minute > 59 or second > 59:
        raise bad
    fraction = (match[7] or ".0")[1:7]
    microsecond = int(fraction) * 10 ** (6 - len(fraction))
    return dt.datetime(year, month, day, hour, minute, second, microsecond, tzinfo=dt.UTC)


def _text(value: object) -> str | None:
    if value is True or value is False:
        return str(value).lower()
    if isinstance(value, Number):
        return None if set(value.text) & set(".eE") else value.text
    return value if isinstance(value, str) else None


def _digits(value: object, *, most: int) -> int | None:
    text = _text(value)
    if text is None or not 1 <= len(text) <= most or set(text) - set("0123456789"):
        return None
    return int(text)


def _size(value: object) -> int | None:
    number = _digits(value, most=19)
    return number if number is not None and number <= BIGGEST else None
