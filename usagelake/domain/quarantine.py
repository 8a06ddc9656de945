"""Why a line cannot be billed, and what is kept of it.

The reasons and the order in which they are judged are those of docs/contracts.md. A reason is data that
lands in the table `quarantine`, so its text is part of the contract: it is added to, never reworded.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from usagelake.errors import UsageLakeError

MAX_TEXT_BYTES: Final = 65_536
"""What quarantine keeps of one line, in bytes of UTF-8."""


class Reason(StrEnum):
    """Every reason that a line can be quarantined for, in the words of docs/contracts.md."""

    LINE_TOO_LONG = "line is longer than 1 MiB"
    NOT_UTF8 = "line is not valid UTF-8"
    GZIP_DAMAGED = "gzip data is damaged"
    TOO_MANY_BRACKETS = "line has more than 1000 opening brackets"

    NOT_JSON = "line is not valid JSON"
    NOT_AN_OBJECT = "line is not a JSON object"

    REQUEST_ID_MISSING = "extendedRequestId is missing"
    REQUEST_ID_NOT_A_STRING = "extendedRequestId is not a string"
    REQUEST_TIME_MISSING = "requestTimeEpoch is missing"
    REQUEST_TIME_NOT_A_TIME = "requestTimeEpoch is not a time in milliseconds"
    API_KEY_ID_NOT_A_STRING = "apiKeyId is not a string"
    STATUS_NOT_A_STATUS = "status is not an HTTP status"
    RESPONSE_LENGTH_NOT_BYTES = "responseLength is not a number of bytes"
    REQUEST_LENGTH_NOT_BYTES = "requestLength is not a number of bytes"

    EVENT_ID_MISSING = "id is missing"
    EVENT_ID_NOT_A_STRING = "id is not a string"
    TIMESTAMP_MISSING = "timestamp is missing"
    TIMESTAMP_NOT_A_STRING = "timestamp is not a string"
    TIMESTAMP_NOT_AN_INSTANT = "timestamp is not an RFC 3339 instant in UTC"
    EVENT_TYPE_MISSING = "event_type is missing"
    EVENT_TYPE_NOT_A_STRING = "event_type is not a string"
    RESOURCE_ID_MISSING = "properties.resource_id is missing"
    RESOURCE_ID_NOT_A_STRING = "properties.resource_id is not a string"
    USAGE_MISSING = "properties.usage is missing"
    USAGE_NOT_AN_INTEGER = "properties.usage is not an integer from 0 to 2^63 - 1"
    MODEL_NOT_A_STRING = "properties.model is not a string"

    CONFLICT = "id was already taken with other content"


UNREADABLE_REASONS: Final = frozenset({Reason.LINE_TOO_LONG, Reason.NOT_UTF8, Reason.GZIP_DAMAGED})
"""The reasons which mean that an engine's fast reader cannot take the object whole."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The answer of a parser to a line that breaks a rule.

    Attributes:
        reason: The first rule, in the order of docs/contracts.md, that the line breaks.
    """

    reason: Reason


class BrokenRuleError(UsageLakeError):
    """A line breaks a rule; the parsers turn this into `Rejected`.

    Args:
        reason: The rule.
    """

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason)


def cut_text(text: str) -> str:
    """Cut a line's text to what quarantine keeps: 64 KiB of UTF-8, never within a character.

    Args:
        text: The text of a line, without lone surrogates.

    Returns:
        The text itself, or its longest beginning of at most `MAX_TEXT_BYTES` bytes.

    Example:
        >>> cut_text("short")
        'short'
        >>> len(cut_text("é" * 40_000))
        32768
    """
    if len(text) * 4 <= MAX_TEXT_BYTES:
        return text
    encoded = text.encode()
    if len(encoded) <= MAX_TEXT_BYTES:
        return text
    return encoded[:MAX_TEXT_BYTES].decode(errors="ignore")
