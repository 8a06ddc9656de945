"""Reading one JSON value from text, as strictly as RFC 8259 and docs/contracts.md ask.

The standard decoder is close, and differs from the contract in five ways that are closed here: the last of
repeated members wins, lone surrogates and `NaN` pass, a number loses the digits it was written with (and an integer of
more than 4,300 digits raises), and depth is bounded by the interpreter's stack.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from usagelake.errors import UsageLakeError

if TYPE_CHECKING:
    from collections.abc import Iterator


class InvalidJsonError(UsageLakeError):
    """A text is not one valid JSON value."""


class JsonNumber(str):
    """A JSON number in the digits it was written with: never a float, never rounded."""

    __slots__ = ()


JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | JsonNumber | str | bool | None"


def _first_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object in which the first of repeated members stands."""
    members = dict(pairs)
    return members if len(members) == len(pairs) else dict(reversed(pairs))


def _refuse_constant(name: str) -> None:
    """Refuse `NaN` and the infinities, which the standard decoder lets pass."""
    raise ValueError(f"{name} is no JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_first_members,
    parse_int=JsonNumber,
    parse_float=JsonNumber,
    parse_constant=_refuse_constant,
)

_SOUND_ESCAPES: Final = re.compile(
    r"""(?: [^\\]++
          | \\[^u]
          | \\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}
          | \\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}
        )*+""",
    re.VERBOSE,
)

_TOKEN: Final = re.compile(
    r"""[ \t\r\n]*+
        (?: (?P<mark>[][{}:,])
          | (?P<string>"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+")
          | (?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][-+]?[0-9]++)?+)
          | (?P<word>true|false|null)
          | (?P<end>\Z)
        )""",
    re.VERBOSE,
)

_VALUE: Final = frozenset({"string", "scalar", "{", "["})
_FIRST_ITEM: Final = _VALUE | {"]"}
_NAME: Final = frozenset({"string"})
_FIRST_NAME: Final = _NAME | {"}"}
_COLON: Final = frozenset({":"})
_ITEM_END: Final = frozenset({",", "]"})
_MEMBER_END: Final = frozenset({",", "}"})
_END: Final = frozenset({"end"})
_CLOSING: Final = frozenset({"}", "]"})
_OPENED: Final = {"{": _FIRST_NAME, "[": _FIRST_ITEM}
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}


def read_json(text: str) -> JsonValue:
    """Read one JSON value.

    Args:
        text: The value, with any JSON white space around it.

    Returns:
        The value; numbers as `JsonNumber`; of repeated members the first.

    Raises:
        InvalidJsonError: The text is not exactly one valid JSON value (RFC 8259: no trailing comma, no
            comment, no lone surrogate, no control character in a string, nothing after the value).

    Example:
        >>> read_json('{"usage": 12.50, "usage": 3}')
        {'usage': '12.50'}
    """
    try:
        value: JsonValue = _DECODER.decode(text)
    except RecursionError:
        value = _read_deep(text)
    except ValueError as error:
        raise InvalidJsonError(str(error)) from error
    if "\\u" in text and _SOUND_ESCAPES.fullmatch(text) is None:
        raise InvalidJsonError("a lone surrogate is escaped in a string")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidJsonError("a lone surrogate stands in a string") from error
    return value


def _read_deep(text: str) -> JsonValue:
    """Read a value that is nested deeper than the interpreter's stack, without recursion."""
    root: list[JsonValue] = []
    containers: list[dict[str, JsonValue] | list[JsonValue]] = [root]
    names: list[str] = []
    expected = _VALUE
    for mark, value in _tokens(text):
        if mark not in expected:
            break
        container = containers[-1]
        if mark == "string" and expected is not _VALUE and expected is not _FIRST_ITEM:
            names.append(str(value))
            expected = _COLON
        elif mark == ":":
            expected = _VALUE
        elif mark == ",":
            expected = _NAME if isinstance(container, dict) else _VALUE
        elif mark in _CLOSING:
            containers.pop()
            expected = _after_value(containers)
        elif mark == "end":
            return root[0]
        else:
            _place(container, names, value)
            if isinstance(value, dict | list):
                containers.append(value)
            expected = _OPENED.get(mark) or _after_value(containers)
    raise InvalidJsonError("the nesting is broken")


def _tokens(text: str) -> Iterator[tuple[str, JsonValue]]:
    """Yield each token as its mark and, where it starts or is a value, that value."""
    position = 0
    while (token := _TOKEN.match(text, position)) is not None:
        position = token.end()
        match token.lastgroup:
            case "string":
                try:
                    yield "string", _DECODER.decode(token["string"])
                except ValueError as error:
                    raise InvalidJsonError(str(error)) from error
            case "number":
                yield "scalar", JsonNumber(token["number"])
            case "word":
                yield "scalar", _WORDS[token["word"]]
            case "end":
                yield "end", None
                return
            case _:
                mark = token["mark"]
                yield mark, {} if mark == "{" else [] if mark == "[" else None


def _place(container: dict[str, JsonValue] | list[JsonValue], names: list[str], value: JsonValue) -> None:
    """Put a value where it stands; of repeated members the first stays."""
    if isinstance(container, dict):
        container.setdefault(names.pop(), value)
    else:
        container.append(value)


def _after_value(containers: list[dict[str, JsonValue] | list[JsonValue]]) -> frozenset[str]:
    """Name the marks that may follow a value in the innermost open container."""
    if len(containers) == 1:
        return _END
    return _MEMBER_END if isinstance(containers[-1], dict) else _ITEM_END
