"""Canonical JSON: equal values are equal bytes, and no float gets in."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.domain.canonical_json import canonical_json

text = st.text(st.characters(codec="utf-8"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


def test_the_form_is_fixed() -> None:
    value: Any = {"ü": "é\u2028", "a": [], "b": {}, "list": ["1.50", 2, True, None], "quote": 'a"\\\n'}
    assert canonical_json(value).decode() == (
        "{\n"
        '  "a": [],\n'
        '  "b": {},\n'
        '  "list": [\n'
        '    "1.50",\n'
        "    2,\n"
        "    true,\n"
        "    null\n"
        "  ],\n"
        '  "quote": "a\\"\\\\\\n",\n'
        '  "ü": "é\u2028"\n'
        "}\n"
    )


@given(values)
@settings(max_examples=100)
def test_what_was_written_is_read_back(value: Any) -> None:
    written = canonical_json(value)
    assert json.loads(written) == value
    assert canonical_json(json.loads(written)) == written
    assert written.endswith(b"\n")
    assert not written.endswith(b"\n\n")


def test_the_order_of_keys_changes_nothing() -> None:
    assert canonical_json({"a": "1", "b": "2"}) == canonical_json({"b": "2", "a": "1"})


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (1.5, r"\$"),
        ({"lines": [{"amount": 1.5}]}, r"\$\.lines\[0\]\.amount"),
        ({"a": float("nan")}, r"\$\.a"),
        ({"a": Decimal("1.5")}, r"\$\.a"),
        ({"a": b"x"}, r"\$\.a"),
        ({1: "x"}, r"\$: the key 1"),
        ({"a": {1.0: "x"}}, r"\$\.a: the key 1\.0"),
        ({"a": {"set"}}, r"\$\.a"),
    ],
)
def test_what_has_no_exact_json_is_refused_with_its_place(value: Any, path: str) -> None:
    with pytest.raises(TypeError, match=f"^{path}"):
        canonical_json(value)


def test_half_a_character_is_refused() -> None:
    """A lone surrogate has no UTF-8; writing something else in its place would not be what was read."""
    with pytest.raises(UnicodeEncodeError):
        canonical_json({"name": "\ud800"})
