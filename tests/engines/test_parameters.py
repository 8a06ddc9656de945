"""Parameters: what a user types, what a statement gets."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usagelake.engines.dialect import parse_statement, to_athena
from usagelake.engines.parameters import Parameter, bind, complete, parse_parameter
from usagelake.errors import ConfigurationError


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("varchar", " as it is ", " as it is "),
        ("varchar[]", "a, b,c", ("a", "b", "c")),
        ("varchar[]", "", ()),
        ("bigint", "-42", -42),
        ("bigint", "9223372036854775807", 2**63 - 1),
        ("boolean", "TRUE", True),
        ("boolean", "false", False),
        ("date", "2025-05-01", date(2025, 5, 1)),
        ("date", "2025-05", date(2025, 5, 1)),
        ("timestamp", "2025-05", datetime(2025, 5, 1)),  # noqa: DTZ001
        ("timestamp", "2025-05-01", datetime(2025, 5, 1)),  # noqa: DTZ001
        ("timestamp", "2025-05-01 12:30", datetime(2025, 5, 1, 12, 30)),  # noqa: DTZ001
        ("timestamp", "2025-05-01T12:30:00.5Z", datetime(2025, 5, 1, 12, 30, 0, 500000)),  # noqa: DTZ001
        ("timestamp", "2025-05-01T12:30:00+02:00", datetime(2025, 5, 1, 10, 30)),  # noqa: DTZ001
    ],
)
def test_a_typed_value(kind: str, text: str, value: Any) -> None:
    """The value that a text means."""
    assert parse_parameter(Parameter("p", kind), text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("bigint", "1.0"),
        ("bigint", "1_000"),
        ("bigint", "9223372036854775808"),
        ("bigint", ""),
        ("boolean", "yes"),
        ("date", "2025-13"),
        ("date", "2025-05-01T00:00"),
        ("date", "20250501"),
        ("timestamp", "2025-02-30"),
        ("timestamp", "now"),
        ("timestamp", "2025-05-01T25:00"),
    ],
)
def test_a_wrong_value(kind: str, text: str) -> None:
    """The message names the parameter and what it takes."""
    with pytest.raises(ConfigurationError, match=r"parameter p: .* is not "):
        parse_parameter(Parameter("p", kind), text)


def _bound(kind: str, value: object, sql: str = "SELECT :p") -> str:
    return to_athena(bind(parse_statement(sql), {"p": Parameter("p", kind)}, {"p": value}))


@pytest.mark.parametrize(
    ("kind", "value", "sql"),
    [
        ("varchar", "it's; -- x", "'it''s; -- x'"),
        ("bigint", -5, "CAST('-5' AS BIGINT)"),
        ("boolean", True, "TRUE"),
        ("date", date(2025, 5, 1), "CAST('2025-05-01' AS DATE)"),
        ("timestamp", datetime(2025, 5, 1, 2, 3, 4, 5), "CAST('2025-05-01 02:03:04.000005' AS TIMESTAMP(6))"),  # noqa: DTZ001
        (
            "timestamp",
            datetime(2025, 5, 1, 2, tzinfo=timezone(timedelta(hours=2))),
            "CAST('2025-05-01 00:00:00.000000' AS TIMESTAMP(6))",
        ),
        ("timestamp", datetime(33, 5, 1, tzinfo=UTC), "CAST('0033-05-01 00:00:00.000000' AS TIMESTAMP(6))"),
    ],
)
def test_a_value_becomes_a_typed_literal(kind: str, value: object, sql: str) -> None:
    """Never a piece of text."""
    assert _bound(kind, value) == f"SELECT {sql}"


def test_a_list_becomes_the_list_of_in() -> None:
    """An empty list matches nothing, and NOT IN everything."""
    assert _bound("varchar[]", ["a", "b'"], "SELECT 1 WHERE x IN (:p)") == "SELECT 1 WHERE x IN ('a', 'b''')"
    assert _bound("varchar[]", [], "SELECT 1 WHERE x NOT IN (:p)") == "SELECT 1 WHERE NOT FALSE"
    with pytest.raises(ConfigurationError, match=r"IN \(:p\)"):
        _bound("varchar[]", ["a"])


def test_a_limit_is_a_plain_number() -> None:
    """Athena takes no CAST in LIMIT."""
    assert _bound("bigint", 5, "SELECT a FROM t OFFSET :p LIMIT :p") == "SELECT a FROM t OFFSET 5 LIMIT 5"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("varchar", 1),
        ("varchar", None),
        ("bigint", True),
        ("bigint", 1.0),
        ("bigint", 2**63),
        ("boolean", 1),
        ("date", datetime(2025, 5, 1, tzinfo=UTC)),
        ("timestamp", date(2025, 5, 1)),
        ("varchar[]", "abc"),
        ("varchar[]", [1]),
    ],
)
def test_a_value_of_another_type(kind: str, value: object) -> None:
    """A value is not converted."""
    with pytest.raises(ConfigurationError, match="query: parameter p must be "):
        _bound(kind, value)


def test_every_fault_is_named() -> None:
    """A missing value, a wrong one and one too many, at once."""
    params = {
        "a": Parameter("a", "bigint"),
        "b": Parameter("b", "date"),
        "c": Parameter("c", "bigint", 7, optional=True),
    }
    with pytest.raises(ConfigurationError) as caught:
        complete(params, {"b": "2025", "z": 1}, where="analyst/x")
    assert caught.value.faults == (
        "analyst/x: there is no parameter z",
        "analyst/x: parameter a (bigint) has no value",
        "analyst/x: parameter b must be a date, not '2025'",
    )


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_text_stays_within_its_literal(text: str) -> None:
    """Whatever it holds, it is read back as the same text."""
    tree = parse_statement(_bound("varchar", text))
    assert tree.expressions[0].name == text
