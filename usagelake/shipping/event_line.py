"""What delivery has to know of a line: that it can be delivered, and under which event type.

Whether the event can be billed is the reader's to judge (docs/contracts.md): its line is delivered verbatim, and
what is wrong with it ends in quarantine, where somebody sees it.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from usagelake.domain.json_lines import MAX_LINE_BYTES
from usagelake.domain.landing import ACCESS_LOG_FOLDER
from usagelake.shipping.drop_reason import DropReason

if TYPE_CHECKING:
    from collections.abc import Callable

_loads: Callable[[bytes], Any] | None = None
with suppress(ImportError):  # it is an extra, and only makes this faster
    from orjson import loads as _loads

_SPACE: Final = b" \t\r"
_SAFE_SEGMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.=-]{0,99}")


class EventLine(NamedTuple):
    """A line that can be delivered.

    Attributes:
        event_type: A safe folder of a key.
        timestamp: The event's own time as it is written; "" when there is none.
    """

    event_type: str
    timestamp: str


def refused_at_the_door(line: bytes) -> DropReason | None:
    """Judge a line as far as that is cheap.

    A line that passes holds no line feed and begins, after white space, with `{`: what a journal relies on.

    Args:
        line: Without its line feed.
    """
    if len(line) > MAX_LINE_BYTES:
        return DropReason.LINE_TOO_LONG
    if b"\n" in line:
        return DropReason.NOT_ONE_LINE
    return None if line[:1] == b"{" or line.lstrip(_SPACE)[:1] == b"{" else DropReason.NOT_JSON


def read_event_line(line: bytes) -> EventLine | DropReason:  # noqa: PLR0911  # one for each reason
    """Judge a line.

    Args:
        line: Without its line feed, otherwise as it was emitted.

    Returns:
        What delivery needs of it, or why it cannot be delivered.

    Example:
        >>> read_event_line(b'{"id":"a","event_type":"tokens","timestamp":"2025-10-01T00:00:00Z"}')
        EventLine(event_type='tokens', timestamp='2025-10-01T00:00:00Z')
        >>> read_event_line(b'{"id":"a","event_type":"../tokens"}')
        <DropReason.EVENT_TYPE_UNSAFE: 'event_type_unsafe'>
    """
    refused = refused_at_the_door(line)
    if refused is not None:
        return refused
    try:
        value = _read_object(line)
    except UnicodeDecodeError:
        return DropReason.NOT_UTF8
    except (ValueError, RecursionError, StopIteration):
        return DropReason.NOT_JSON
    event_id, event_type, timestamp = value.get("id"), value.get("event_type"), value.get("timestamp")
    if not (isinstance(event_id, str) and event_id):
        return DropReason.ID_MISSING
    if not (isinstance(event_type, str) and event_type):
        return DropReason.EVENT_TYPE_MISSING
    if event_type in _KNOWN_SAFE or _is_safe(event_type):
        return EventLine(event_type, timestamp if isinstance(timestamp, str) else "")
    return DropReason.EVENT_TYPE_UNSAFE


def _is_safe(event_type: str) -> bool:
    """Tell whether an event type can be a folder; the few that a service has are remembered."""
    if not _SAFE_SEGMENT.fullmatch(event_type) or event_type == ACCESS_LOG_FOLDER:
        return False
    if len(_KNOWN_SAFE) < _REMEMBERED:
        _KNOWN_SAFE.add(event_type)
    return True


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_KNOWN_SAFE: Final[set[str]] = set()
_REMEMBERED: Final = 1_000
_SCAN: Final = json.JSONDecoder(parse_constant=_refuse).scan_once  # type: ignore[attr-defined]


def _read_exactly(line: bytes) -> dict[str, Any]:
    """Read a JSON object with the standard library, whose word is the last one.

    Raises:
        UnicodeDecodeError, ValueError, RecursionError, StopIteration: The line holds none.
    """
    text = line.decode().strip(" \t\r")
    value, end = _SCAN(text, 0)
    if end != len(text) or not isinstance(value, dict):
        raise ValueError(text)
    return value


def _read_object(line: bytes) -> dict[str, Any]:
    """Read a JSON object: with orjson where it is, which reads a part of what the standard library reads, alike."""
    if _loads is None:
        return _read_exactly(line)
    try:
        value = _loads(line)
    except ValueError:
        return _read_exactly(line)
    return value if isinstance(value, dict) else _read_exactly(line)
