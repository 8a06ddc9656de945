"""A JSON reader of its own: RFC 8259's grammar, one character class after the other, on an explicit stack."""

from __future__ import annotations

import re
from dataclasses import dataclass

SPACE = re.compile(r"[ \t\n\r]*")
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
PLAIN = re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]*')
HEX = re.compile(r"[0-9a-fA-F]{4}")
SHORT_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
LITERALS = {"true": True, "false": False, "null": None}


class NotJson(Exception):  # noqa: N818 - it is a verdict, not an error
    """The text is not one JSON value."""


@dataclass(frozen=True)
class Number:
    """A number as it was written."""

    text: str


class Obj:
    """An object as it was written: all its members, in order."""

    def __init__(self) -> None:
        self.members: list[tuple[str, object]] = []

    def get(self, name: str) -> object:
        """Return the first member of that name; None when there is none."""
        return next((value for key, value in self.members if key == name), None)


def read(text: str) -> object:  # noqa: C901 - a grammar reads best in one place
    """Read one value: Obj, list, str, Number, bool or None.

    Raises:
        NotJson: It is none.
    """
    holders: list[Obj | list[object]] = []
    at = _skip(text, 0)
    while True:
        # A value starts here.
        value, at = _start(text, at)
        if isinstance(value, Obj | list):
            holders.append(value)
            at = _skip(text, at)
            closing = "}" if isinstance(value, Obj) else "]"
            if text[at : at + 1] != closing:
                at = _name(text, at, value) if isinstance(value, Obj) else at
                continue
            at += 1
            holders.pop()
        # A value has ended here: give it to its holder, and see what follows.
        while True:
            at = _skip(text, at)
            if not holders:
                if at != len(text):
                    raise NotJson
                return value
            holder = holders[-1]
            if isinstance(holder, Obj):
                name, _ = holder.members[-1]
                holder.members[-1] = (name, value)
            else:
                holder.append(value)
            follows = text[at : at + 1]
            if follows == ",":
                at = _skip(text, at + 1)
                if isinstance(holder, Obj):
                    at = _name(text, at, holder)
                break
            if follows != ("}" if isinstance(holder, Obj) else "]"):
                raise NotJson
            at += 1
            value = holders.pop()


def _skip(text: str, at: int) -> int:
    return SPACE.match(text, at).end()  # type: ignore[union-attr]


def _name(text: str, at: int, holder: Obj) -> int:
    if text[at : at + 1] != '"':
        raise NotJson
    name, at = _string(text, at + 1)
    at = _skip(text, at)
    if text[at : at + 1] != ":":
        raise NotJson
    holder.members.append((name, None))
    return _skip(text, at + 1)


def _start(text: str, at: int) -> tuple[object, int]:
    first = text[at : at + 1]
    if first == "{":
        return Obj(), at + 1
    if first == "[":
        return [], at + 1
    if first == '"':
        return _string(text, at + 1)
    for word, value in LITERALS.items():
        if text.startswith(word, at):
            return value, at + len(word)
    number = NUMBER.match(text, at)
    if number is None:
        raise NotJson
    return Number(number[0]), number.end()


def _string(text: str, at: int) -> tuple[str, int]:
    units: list[str] = []
    while True:
        plain = PLAIN.match(text, at)
        units.append(plain[0])  # type: ignore[index]
        at = plain.end()  # type: ignore[union-attr]
        mark = text[at : at + 1]
        if mark == '"':
            return "".join(units), at + 1
        if mark != "\\":
            raise NotJson
        letter = text[at + 1 : at + 2]
        if letter == "u":
            character, at = _unicode(text, at)
            units.append(character)
        elif letter in SHORT_ESCAPES:
            units.append(SHORT_ESCAPES[letter])
            at += 2
        else:
            raise NotJson


def _unicode(text: str, at: int) -> tuple[str, int]:
    unit = _unit(text, at)
    if not 0xD800 <= unit <= 0xDFFF:
        return chr(unit), at + 6
    if unit >= 0xDC00 or text[at + 6 : at + 8] != "\\u":
        raise NotJson
    low = _unit(text, at + 6)
    if not 0xDC00 <= low <= 0xDFFF:
        raise NotJson
    return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), at + 12


def _unit(text: str, at: int) -> int:
    digits = HEX.match(text, at + 2)
    if digits is None:
        raise NotJson
    return int(digits[0], 16)
