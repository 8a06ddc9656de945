"""A branch that reads what its condition has looked at reads the same as one that looks again."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.domain.json_text import InvalidJsonError, read_json
from usagelake.engines.dialect import carry, parse_statement

if TYPE_CHECKING:
    from conftest import Athena

INSTANT = r"^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z\z"
CLOCK = "try_cast(replace(replace(substr(x, 1, 26), 'Z', ''), 'T', ' ') AS timestamp(6))"
GUARDED = f"CASE WHEN regexp_like(x, '{INSTANT}') THEN {CLOCK} END"
APART = f"CASE WHEN regexp_like(concat(x, ''), '{INSTANT}') THEN {CLOCK} END"

instants = st.builds(
    lambda when, tail: when.strftime("%Y").rjust(4, "0") + when.strftime("-%m-%dT%H:%M:%S") + tail,
    st.datetimes(),
    st.sampled_from(
        ("Z", ".1Z", ".10Z", ".000001Z", ".9999999Z", ".123456789Z", ".1234567891Z", "", ".Z", "+01:00", "ZZ")
    ),
)


def carried(expression: str) -> str:
    return carry(parse_statement(f"SELECT {expression} FROM t"), {"t": {"x": "varchar", "y": "varchar"}}).sql


@given(st.lists(st.one_of(instants, st.from_regex(r"[\dTZ:. -]{0,30}", fullmatch=True)), max_size=20))
@settings(max_examples=60, deadline=timedelta(seconds=5))
def test_instants_read_the_same(shared_athena: Athena, texts: list[str]) -> None:
    for guarded, apart in shared_athena.each(f"{GUARDED}, {APART}", texts):
        assert guarded == apart


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2025-10-27T23:59:59.9999999Z", datetime.fromisoformat("2025-10-27T23:59:59.999999")),
        ("2024-02-29T00:00:00Z", datetime.fromisoformat("2024-02-29")),
        ("2025-02-29T00:00:00Z", None),
        ("2025-10-27 00:00:00Z", None),
        ("2025-10-27T24:00:00Z", None),
    ],
)
def test_an_instant_is_cut_after_six_digits(shared_athena: Athena, text: str, read: datetime | None) -> None:
    assert shared_athena.each(GUARDED, [text]) == [(read,)]


@pytest.mark.parametrize("pattern", [r"^\d{1,19}\z", r"^[1-5]\d\d\z", r"^\d\z"])
@given(st.lists(st.from_regex(r"[-+ ]?\d{0,25}[.eE_]?\d?", fullmatch=True), max_size=20))
@settings(max_examples=40, deadline=timedelta(seconds=5))
def test_digits_read_the_same(shared_athena: Athena, pattern: str, texts: list[str]) -> None:
    guarded = f"CASE WHEN regexp_like(x, '{pattern}') THEN try_cast(x AS bigint) END"
    apart = f"CASE WHEN regexp_like(concat(x, ''), '{pattern}') THEN try_cast(x AS bigint) END"
    for one, other in shared_athena.each(f"{guarded}, {apart}", texts):
        assert one == other


def test_only_a_proof_saves_the_second_look() -> None:
    cast = "try_cast(x AS bigint)"
    assert (
        "athena_is_integer"
        not in carried(rf"CASE WHEN y = '' AND regexp_like(x, '^\d{{1,19}}\z') THEN {cast} END").lower()
    )
    for test in (
        r"regexp_like(x, '^\d{1,19}')",
        r"regexp_like(x, '\d{1,19}\z')",
        r"regexp_like(x, '^[a-f]\d\z')",
        r"regexp_like(y, '^\d{1,19}\z')",
        r"regexp_like(x, '^\d{1,19}\z') OR y = ''",
        r"NOT regexp_like(x, '^\d{1,19}\z')",
    ):
        assert "athena_is_integer" in carried(f"CASE WHEN {test} THEN {cast} END").lower()
    assert "athena_read_timestamp_6" in carried(f"CASE WHEN regexp_like(y, '{INSTANT}') THEN {CLOCK} END").lower()
    assert "athena_read_timestamp_6" not in carried(GUARDED).lower()


PIECES = (
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"nan"',
    '",}"',
    "nan",
    "-inf",
    "Infinity",
    "1",
    "null",
    "true",
    " ",
    "\t",
)


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), max_size=30))
@settings(max_examples=100, deadline=timedelta(seconds=5))
def test_json_is_as_strict_as_the_contract(shared_athena: Athena, texts: list[str]) -> None:
    found = shared_athena.each("x, try(json_parse(x)) IS NOT NULL", texts)
    assert found == [(text, is_json(text)) for text in texts]


def read_from(document: str) -> str:
    """Read a member from a column that is made of a text."""
    inner = f"SELECT {document} AS d FROM t"
    return carry(
        parse_statement(f"SELECT json_extract_scalar(d, '$.a') AS a FROM ({inner}) AS q"),
        {"t": {"x": "varchar", "y": "varchar"}},
    ).sql.lower()


PROVEN = "CASE WHEN try(json_parse(x)) IS NOT NULL THEN x END"


def test_a_text_that_is_proven_to_be_json_is_read_without_a_guard() -> None:
    """Only such a text: any other may be no JSON, and DuckDB would fail on it."""
    for document in (
        PROVEN,
        f"CASE WHEN y = '' THEN {PROVEN} END",
        f"CASE WHEN y = '' THEN {PROVEN} ELSE {PROVEN} END",
    ):
        assert "try(json_transform" not in read_from(document)
    for document in (
        "x",
        "CASE WHEN try(json_parse(y)) IS NOT NULL THEN x END",
        "CASE WHEN try(json_parse(x)) IS NULL THEN x END",
        "CASE WHEN try(json_parse(x)) IS NOT NULL THEN concat(x, '') END",
        "CASE WHEN try(json_parse(x)) IS NOT NULL THEN x ELSE y END",
        "CASE WHEN try(json_parse(x)) IS NOT NULL OR y = '' THEN x END",
        f"CASE WHEN y = '' THEN {PROVEN} ELSE x END",
        f"concat({PROVEN}, '')",
    ):
        assert "try(json_transform" in read_from(document)


@given(st.lists(st.one_of(st.just('{"a":-0,"a":1}'), st.lists(st.sampled_from(PIECES)).map("".join)), max_size=30))
@settings(max_examples=60, deadline=timedelta(seconds=5))
def test_a_text_that_is_proven_to_be_json_stays_as_it_is(shared_athena: Athena, texts: list[str]) -> None:
    """It is the text itself, or NULL."""
    found = shared_athena.each(f"x, {PROVEN}, json_extract_scalar({PROVEN}, '$.a')", texts)
    assert [row[:2] for row in found] == [(text, text if is_json(text) else None) for text in texts]
    assert all(value == "-0" for text, _, value in found if text == '{"a":-0,"a":1}')


@pytest.mark.parametrize(
    "inner",
    [
        "1,",
        "nan",
        "-inf",
        " NaN ",
        '"x",',
        "1 , ",
        '"nan"',
        '",}"',
        "[1,]",
        "[nan]",
        "[1, -Infinity]",
        '{"b": nan}',
        '{"b": 1, }',
        '"[",',
    ],
)
def test_loose_members_are_no_json(shared_athena: Athena, inner: str) -> None:
    for text in (
        f'{{"a":{inner}}}',
        f'{{"a": {inner} }}',
        f' {{"a":{inner}}}',
        f'[{{"a":{inner}}}]',
        f'{{"c":[],"a":{inner}}}',
    ):
        assert shared_athena.each("try(json_parse(x)) IS NOT NULL", [text]) == [(is_json(text),)]


def is_json(text: str) -> bool:
    try:
        read_json(text)
    except InvalidJsonError:
        return False
    return re.search(r"\S", text) is not None
