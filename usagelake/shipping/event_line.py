"""What delivery has to know of a line: that it can be delivered, and under which event type.

Whether the event can be billed is the reader's to judge (docs/contracts.md): its line is delivered verbatim, and
what is wrong with it ends in quarantine, where somebody sees it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final, NoReturn

from usagelake.domain.json_lines import MAX_LINE_BYTES
from usagelake.domain.landing import ACCESS_LOG_FOLDER
from usagelake.shipping.drop_reason import DropReason

_SPACE: Final = b" \t\r"
_SAFE_SEGMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.=-]{0,99}")


@dataclass(frozen=True, slots=True)
class EventLine:
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


def read_event_line(line: bytes) -> EventLine | DropReason:
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
        value = _DECODER.decode(line.decode())
    except UnicodeDecodeError:
        return DropReason.NOT_UTF8
    except (ValueError, RecursionError):
        return DropReason.NOT_JSON
    event_type = value.get("event_type")
    if not _is_text(value.get("id")) or not _is_text(event_type):
        return DropReason.EVENT_TYPE_MISSING if _is_text(value.get("id")) else DropReason.ID_MISSING
    if not _SAFE_SEGMENT.fullmatch(event_type) or event_type == ACCESS_LOG_FOLDER:
        return DropReason.EVENT_TYPE_UNSAFE
    timestamp = value.get("timestamp")
    return EventLine(event_type, timestamp if isinstance(timestamp, str) else "")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)
