"""Texts, patterns and binary values: what Trino documents, or its source does, is what DuckDB gives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.engines.dialect import RefusalError

if TYPE_CHECKING:
    from conftest import Athena

STRING = "functions/string.html"
REGEXP = "functions/regexp.html"
BINARY = "functions/binary.html"
COMPARISON = "functions/comparison.html"

CASES: list[tuple[str, Any, str]] = [
    ("'a' || 'b'", "ab", STRING),
    ("'a' || NULL", None, STRING),
    ("concat('a', 'b', 'c')", "abc", STRING),
    ("concat('a', CAST(NULL AS varchar))", None, STRING),
    ("concat_ws(',', 'a', CAST(NULL AS varchar), 'b')", "a,b", STRING),
    ("lower('ÄB')", "äb", STRING),
    ("upper('äb')", "ÄB", STRING),
    ("length('häh')", 3, STRING),
    ("length('🎉')", 1, STRING),
    # whitespace of every kind, not spaces alone
    ("trim('  a b  ')", "a b", STRING),
    ("trim(concat(chr(9), 'a', chr(13), chr(10)))", "a", STRING),
    ("trim(concat(chr(8195), 'a', chr(12288)))", "a", STRING),
    ("trim(concat(chr(160), 'a'))", "\xa0a", STRING),
    ("trim('')", "", STRING),
    ("trim('   ')", "", STRING),
    ("ltrim(concat(chr(9), 'a '))", "a ", STRING),
    ("rtrim(concat(' a', chr(9)))", " a", STRING),
    ("trim(CAST(NULL AS varchar))", None, STRING),
    # substr counts from 1, from the end when negative, and gives '' for 0
    ("substr('hello', 2)", "ello", STRING),
    ("substr('hello', 2, 3)", "ell", STRING),
    ("substr('hello', 0)", "", STRING),
    ("substr('hello', 0, 2)", "", STRING),
    ("substr('hello', -3)", "llo", STRING),
    ("substr('hello', -3, 2)", "ll", STRING),
    ("substr('hello', -6)", "", STRING),
    ("substr('hello', 6)", "", STRING),
    ("substr('hello', 2, 100)", "ello", STRING),
    ("substr('hello', 2, 0)", "", STRING),
    ("substr('häh', 2, 1)", "ä", STRING),
    ("strpos('häh', 'h')", 1, STRING),
    ("strpos('äh', 'h')", 2, STRING),
    ("strpos('abc', 'x')", 0, STRING),
    ("starts_with('abc', 'ab')", True, STRING),
    ("replace('abab', 'a')", "bb", STRING),
    ("replace('abab', 'a', 'x')", "xbxb", STRING),
    ("lpad('7', 3, '0')", "007", STRING),
    ("lpad('1234', 3, '0')", "123", STRING),
    ("rpad('7', 3, 'xy')", "7xy", STRING),
    ("split('a,b,,c', ',')", ["a", "b", "", "c"], STRING),
    ("split('', ',')", [""], STRING),
    ("split_part('a,b', ',', 2)", "b", STRING),
    ("split_part('a,b', ',', 3)", None, STRING),
    ("chr(10)", "\n", STRING),
    ("codepoint('ä')", 228, STRING),
    ("to_utf8('ä')", "ä".encode(), STRING),
    ("from_utf8(to_utf8('ä'))", "ä", STRING),
    # LIKE
    ("'abc' LIKE 'a%'", True, COMPARISON),
    ("'abc' LIKE 'A%'", False, COMPARISON),
    ("'a_c' LIKE 'a!_c' ESCAPE '!'", True, COMPARISON),
    ("'abc' LIKE 'a!_c' ESCAPE '!'", False, COMPARISON),
    ("'100%' LIKE '%!%' ESCAPE '!'", True, COMPARISON),
    (r"'a\c' LIKE 'a\c'", True, COMPARISON),
    ("'abc' NOT LIKE 'b%'", True, COMPARISON),
    (r"concat('a', chr(10), 'b') LIKE 'a%b'", True, COMPARISON),
    ("'Z' < 'a'", True, COMPARISON),
    ("'10' < '9'", True, COMPARISON),
    # patterns
    (r"regexp_like('x12y', '\d+')", True, REGEXP),
    (r"regexp_like('x12y', '^\d+$')", False, REGEXP),
    (r"regexp_like('12', '^\d+$')", True, REGEXP),
    (r"regexp_like(concat('12', chr(10)), '^\d+$')", True, "Joni, Syntax.Java: $ is \\Z"),
    (r"regexp_like(concat('12', chr(10)), '^\d+\z')", False, REGEXP),
    (r"regexp_like('a$', 'a\$')", True, REGEXP),
    (r"regexp_like('a$', 'a[$]')", True, REGEXP),
    (r"regexp_like('A', '(?i)a')", True, REGEXP),
    (r"regexp_extract('1a 2b 14m', '\d+')", "1", REGEXP),
    (r"regexp_extract('1a 2b 14m', '(\d+)([a-z]+)', 2)", "a", REGEXP),
    (r"regexp_extract('abc', '\d+')", None, REGEXP),
    (r"regexp_extract_all('1a 2b 14m', '\d+')", ["1", "2", "14"], REGEXP),
    (r"regexp_replace('1a 2b 14m', '\d+[ab] ')", "14m", REGEXP),
    (r"regexp_replace('1a 2b 14m', '(\d+)([ab]) ', '3c$2 ')", "3ca 3cb 14m", REGEXP),
    (r"regexp_replace('aXbX', 'X', '-')", "a-b-", REGEXP),
    (r"regexp_count('1a 2b 14m', '\d+')", 3, REGEXP),
    # binary
    ("to_hex(md5(to_utf8('a')))", "0CC175B9C0F1B6A831C399E269772661", BINARY),
    ("to_hex(sha256(to_utf8('')))", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", BINARY),
    ("to_hex(sha1(to_utf8('a')))", "86F7E437FAA5A7FCE15D1DDCB9EAEAEA377667B8", BINARY),
    ("from_base(substr(to_hex(md5(to_utf8('a'))), 1, 15), 16)", 0x0CC175B9C0F1B6A, BINARY),
    ("to_hex(to_utf8('az'))", "617A", BINARY),
    ("from_utf8(from_hex('617A'))", "az", BINARY),
    ("to_base64(to_utf8('az'))", "YXo=", BINARY),
    ("from_utf8(from_base64('YXo='))", "az", BINARY),
    ("length(to_utf8('ä'))", 2, BINARY),
]

REFUSED = [
    ("concat('a', 1)", "only texts are joined"),
    ("'a' || 1", "only texts are joined"),
    ("lower(1)", r"lower\(integer\) does not exist"),
    ("length(1)", "does not exist"),
    ("split('a', '')", "not empty"),
    ("regexp_like('a', '(?=b)')", "not carried"),
    (r"regexp_like('a', '(a)\1')", "not carried"),
    ("regexp_like('a', 'a++')", "not carried"),
    (r"regexp_replace('a', 'b$', 'c')", r"write \\z"),
    (r"regexp_replace('a', 'b', '${n}')", "only groups"),
    (r"regexp_extract('a', '(a)|(b)', 2)", "may take no part"),
    ("'a' LIKE 1", "LIKE compares texts"),
    ("md5('a')", "to_utf8"),
    ("to_hex('a')", "varbinary"),
    ("reverse('a')", "not carried"),
    ("substring('a', 1)", "write substr"),
    ("position('a' IN 'b')", "write strpos"),
]


@pytest.mark.parametrize(("expression", "expected", "_source"), CASES)
def test_value(shared_athena: Athena, expression: str, expected: Any, _source: str) -> None:
    """The value is Trino's, and its Python type too."""
    found = shared_athena.value(expression)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("expression", "message"), REFUSED)
def test_refused(shared_athena: Athena, expression: str, message: str) -> None:
    """What Athena refuses, or what cannot be carried exactly, is refused before anything runs."""
    with pytest.raises(RefusalError, match=message):
        shared_athena.value(expression)


def test_a_number_of_another_base_is_an_error(shared_athena: Athena) -> None:
    """A digit that is none is no 0."""
    with pytest.raises(duckdb.Error, match="base-16"):
        shared_athena.value("from_base(concat('x', 'y'), 16)")


_SPACES = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \u1680\u2000\u2006\u2008\u2028\u2029\u205f\u3000"


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(st.text(alphabet=_SPACES + "a\u00a0\u2007\u00e9x", max_size=8), min_size=1, max_size=40))
def test_trim_takes_java_whitespace(shared_athena: Athena, texts: list[str]) -> None:
    """Trim takes what Java's Character.isWhitespace takes: no no-break space."""
    expected = [(text.strip(_SPACES), text.lstrip(_SPACES), text.rstrip(_SPACES)) for text in texts]
    assert shared_athena.each("trim(x), ltrim(x), rtrim(x)", texts) == expected


@settings(max_examples=20, deadline=None)
@given(
    texts=st.lists(st.text(alphabet="abä🎉", max_size=5), min_size=1, max_size=20),
    start=st.integers(-7, 7),
    size=st.integers(0, 7),
)
def test_substr_counts_code_points(shared_athena: Athena, texts: list[str], start: int, size: int) -> None:
    """From 1, from the end when negative, nothing for 0 or outside the text."""
    begins = [start - 1 if start > 0 else len(text) + start for text in texts]
    expected = [
        ("" if start == 0 or not 0 <= begin < len(text) else text[begin : begin + size],)
        for text, begin in zip(texts, begins, strict=True)
    ]
    assert shared_athena.each(f"substr(x, {start}, {size})", texts) == expected


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(st.text(alphabet="ab,", max_size=10), min_size=1, max_size=20))
def test_split_and_replace_are_python_s(shared_athena: Athena, texts: list[str]) -> None:
    """Every part counts, the empty ones too; every match is replaced."""
    expected = [(text.split(","), re.sub("a+", r"<\g<0>>", text)) for text in texts]
    assert shared_athena.each("split(x, ','), regexp_replace(x, 'a+', '<$0>')", texts) == expected
