"""Reading JSON strictly: what passes and what does not, as another hand's reader has it too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import reference
from tests.reference.strict_json import Number, Obj
from usagelake.domain.json_text import InvalidJsonError, JsonNumber, read_json

if TYPE_CHECKING:
    from usagelake.domain.json_text import JsonValue

DEEP = 20_000

VALID = (
    "0",
    "-0",
    "-1.5e-10",
    "1E400",
    "9" * 5000,
    "true",
    "null",
    '""',
    ' \t\r\n{"a" : [ 1 , { } ] } \n',
    '"\x7f\u2028\ufeff"',
    '"\\u0000\\b\\f\\/\\""',
    '"\\ud83d\\ude00"',
    '"\\\\ud800"',
    '"\\\\\\\\ud800 \\u0041"',
    '{"":1}',
    "[" * DEEP + "]" * DEEP,
    '{"a":' * DEEP + "1" + "}" * DEEP,
    '[{"a":[' * DEEP + '"]}"' + "]}]" * DEEP,
)
INVALID = (
    "",
    " ",
    "NaN",
    "Infinity",
    "-Infinity",
    '{"a":NaN}',
    "[-Infinity]",
    "nan",
    "-NaN",
    "inf",
    "+1",
    ".5",
    "1.",
    "01",
    "-",
    "1e",
    "0x1F",
    "1_000",
    "\u0661",
    "tRue",
    "nullnull",
    "'a'",
    '"a',
    '"a\tb"',
    '"a\x00b"',
    '"a\nb"',
    '"\\x41"',
    '"\\u12g4"',
    '"\\u 123"',
    '"\\"',
    '"\\ud800"',
    '"\\uDC00"',
    '"\\ud800\\ud800"',
    '"\\ud800 \\udc00"',
    '"\\udc00\\ud800"',
    '"\\ud83d\\\\ude00"',
    '{"\\ud800":1}',
    '{"a":"\\ud800","a":1}',
    '"\ud800"',
    "{",
    "}",
    "[1,]",
    "[,1]",
    "[1 2]",
    '{"a":1,}',
    '{"a"}',
    '{"a":}',
    '{"a" 1}',
    "{a:1}",
    "{1:1}",
    '{"a":1]',
    '{"a":1}{"b":2}',
    "1 2",
    "1 // one",
    "/* one */ 1",
    "\ufeff1",
    "\x0b1",
    "\x0c1",
    "\xa01",
    "1\x00",
    "[" * DEEP,
    "[" * DEEP + "]" * (DEEP - 1),
    "[" * DEEP + "]" * (DEEP + 1),
    "[" * DEEP + "1,]" + "]" * (DEEP - 1),
    '{"a":' * DEEP + "}" * DEEP,
    '{"a":' * DEEP + "'" + "}" * DEEP,
    "[" * DEEP + '"\\x"' + "]" * DEEP,
    "[" * DEEP + "}" * DEEP,
    "[" * DEEP + "]" * DEEP + ",",
)


@pytest.mark.parametrize("text", VALID, ids=lambda text: repr(text[:30]))
def test_valid_json_is_read(text: str) -> None:
    """What RFC 8259 allows passes at any depth, and so do the numbers that are none."""
    read_json(text)


@pytest.mark.parametrize("text", INVALID, ids=lambda text: repr(text[:30]))
def test_invalid_json_is_refused(text: str) -> None:
    """What RFC 8259 forbids is refused, however usual it is."""
    with pytest.raises(InvalidJsonError):
        read_json(text)


@pytest.mark.parametrize("depth", [0, 5000])
def test_the_first_of_repeated_members_stands(depth: int) -> None:
    """The first member stands at every depth, whichever way its name is written."""
    text = "[" * depth + '{"a":1,"\\u0061":2,"b":3,"a":4}' + "]" * depth
    value = read_json(text)
    for _ in range(depth):
        assert isinstance(value, list)
        (value,) = value
    assert value == {"a": "1", "b": "3"}


@pytest.mark.parametrize("written", ["1.50", "-0", "1E+2", "12345678901234567890123", "0.1"])
def test_a_number_keeps_its_digits(written: str) -> None:
    """A number stays text, so that no float can change it."""
    number = read_json(f" {written} ")
    assert isinstance(number, JsonNumber)
    assert str(number) == written


def test_a_number_is_told_from_a_string_of_digits() -> None:
    """A string of digits is no number."""
    value = read_json('["1", 1]')
    assert isinstance(value, list)
    assert [isinstance(item, JsonNumber) for item in value] == [False, True]


def _plain(value: object) -> object:
    """Bring the reference's values into the form of the product's."""
    match value:
        case Obj():
            return {name: _plain(value.get(name)) for name, _ in value.members}
        case list():
            return [_plain(item) for item in value]
        case Number():
            return JsonNumber(value.text)
        case _:
            return value


def _kinds(value: JsonValue | object) -> object:
    """Show of every scalar which type it has, which equality does not."""
    match value:
        case dict():
            return {name: _kinds(item) for name, item in value.items()}
        case list():
            return [_kinds(item) for item in value]
        case _:
            return type(value).__name__, value


def _both(text: str) -> tuple[object, object]:
    try:
        ours: object = _kinds(read_json(text))
    except InvalidJsonError:
        ours = "invalid"
    try:
        theirs: object = _kinds(_plain(reference.read(text)))
    except reference.NotJson:
        theirs = "invalid"
    return ours, theirs


TOKENS = [
    *"{}[]:, \t\r\n-.0123456789eE\"'\\/x",
    '"a"',
    '"a":',
    '"b":1,',
    "\\u",
    "\\ud83d",
    "\\ude00",
    "d800",
    "true",
    "null",
    "NaN",
    "-Infinity",
    "\u00e9",
    "\x01",
    "\ufeff",
    "\x85",
    '{"a":[1,{"b":"\\u00e9"}]}',
]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=24).map("".join))
def test_any_heap_of_tokens_is_judged_as_the_reference_judges_it(text: str) -> None:
    """Two readers, written apart, agree on what is JSON and on what it says."""
    ours, theirs = _both(text)
    assert ours == theirs


@settings(deadline=None)
@given(JSON_VALUES, st.booleans(), st.data())
def test_a_damaged_value_is_judged_as_the_reference_judges_it(
    value: object, ascii_only: bool, data: st.DataObject
) -> None:
    """One change to a valid text leads both readers to one verdict."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    at = data.draw(st.integers(0, len(text)))
    until = data.draw(st.integers(at, min(len(text), at + 3)))
    text = text[:at] + data.draw(st.sampled_from(["", *TOKENS])) + text[until:]
    ours, theirs = _both(text)
    assert ours == theirs


@settings(deadline=None)
@given(JSON_VALUES)
def test_deep_and_shallow_readings_agree(value: object) -> None:
    """The reader for deep nesting gives what the quick one gives."""
    text = json.dumps(value)
    deep = 3000
    inner = read_json("[" * deep + text + "]" * deep)
    for _ in range(deep):
        assert isinstance(inner, list)
        (inner,) = inner
    assert _kinds(inner) == _kinds(read_json(text))
