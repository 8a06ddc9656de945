"""Why an event was not taken, or cannot be delivered; docs/delivery.md explains each."""

from __future__ import annotations

from enum import StrEnum


class DropReason(StrEnum):
    """The value is the name under which drops are counted."""

    BUFFER_FULL = "buffer_full"
    """The store, and the spool where there is one, could not keep up."""

    SHUTDOWN = "shutdown"
    """The process ended, without a spool, before the event's first attempt."""

    SPOOL_DAMAGED = "spool_damaged"
    """A spooled batch no longer has the bytes that it was sealed with; the file is kept."""

    MESSAGE_BROKEN = "message_broken"
    """A log record whose message cannot be made of its arguments."""

    LINE_TOO_LONG = "line_too_long"
    """More than 1 MiB, which a reader refuses (docs/contracts.md)."""

    NOT_ONE_LINE = "not_one_line"
    """A line feed stands inside."""

    NOT_UTF8 = "not_utf8"
    """Not UTF-8; of a text: a lone surrogate."""

    NOT_JSON = "not_json"
    """No JSON object: broken, cut off, a NUL byte, another kind of value."""

    ID_MISSING = "id_missing"
    """`id` is missing, empty or no text: nothing to tell duplicates by."""

    EVENT_TYPE_MISSING = "event_type_missing"
    """`event_type` is missing, empty or no text."""

    EVENT_TYPE_UNSAFE = "event_type_unsafe"
    """`event_type` cannot be a folder of a key: `../x`, hidden, too long, or `apigw_access`."""


REFUSED = frozenset(DropReason) - {DropReason.BUFFER_FULL, DropReason.SHUTDOWN, DropReason.SPOOL_DAMAGED}
"""The reasons that lie in the line itself; such lines are kept in the spool's `rejected.jsonl`."""
