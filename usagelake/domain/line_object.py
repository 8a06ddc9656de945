"""A line's JSON object, and how the members of both sources are read from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from usagelake.domain.json_text import InvalidJsonError, JsonNumber, read_json
from usagelake.domain.quarantine import BrokenRuleError, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from usagelake.domain.json_text import JsonValue

MAX_BIGINT: Final = 2**63 - 1
_INTEGER: Final = re.compile(r"[0-9]{1,19}")
_NUMBER_AS_TEXT: Final = re.compile(r"-?[0-9]+")
"""Engines write other numbers in their own ways."""


@dataclass(frozen=True, slots=True)
class LineObject:
    """The members of one JSON object, read by the rules of docs/contracts.md.

    Attributes:
        members: The object.
        unknown: The texts that stand for "no value", besides a missing member and `null`.
    """

    members: Mapping[str, JsonValue]
    unknown: frozenset[str]

    @classmethod
    def read(cls, text: str, *, unknown: frozenset[str]) -> LineObject:
        """Read a line that must be a JSON object.

        Raises:
            BrokenRuleError: It is no valid JSON, or no object.
        """
        try:
            value = read_json(text)
        except InvalidJsonError as error:
            raise BrokenRuleError(Reason.NOT_JSON) from error
        if not isinstance(value, dict):
            raise BrokenRuleError(Reason.NOT_AN_OBJECT)
        return cls(value, unknown)

    def inner(self, name: str) -> LineObject:
        """Give an object within this one; one without members when no object stands there."""
        value = self.members.get(name)
        return LineObject(value if isinstance(value, dict) else {}, self.unknown)

    def value(self, name: str) -> JsonValue:
        """Give a member's value; None when it has none."""
        value = self.members.get(name)
        return None if isinstance(value, str) and value in self.unknown else value

    def text(self, name: str) -> str | None:
        """Give a string, a boolean or an integer as text; anything else, another number too, is None."""
        value = self.value(name)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, JsonNumber) and not _NUMBER_AS_TEXT.fullmatch(value):
            return None
        return str(value) if isinstance(value, str) else None

    def integer(self, name: str) -> int | None:
        """Give an integer from 0 to 2^63 - 1 that stands as a string or a number of digits only, or None."""
        text = self.text(name)
        if text is None or not _INTEGER.fullmatch(text) or int(text) > MAX_BIGINT:
            return None
        return int(text)

    def string(self, name: str, *, missing: Reason, wrong: Reason) -> str:
        """Give a member that must be a string.

        Raises:
            BrokenRuleError: With `missing` when it has no value, with `wrong` when it is no string.
        """
        value = self.value(name)
        if value is None:
            raise BrokenRuleError(missing)
        if not isinstance(value, str) or isinstance(value, JsonNumber):
            raise BrokenRuleError(wrong)
        return value
