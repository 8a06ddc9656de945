"""CAST and TRY_CAST: what Trino documents, or its source does, is what DuckDB gives."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.engines.dialect import RefusalError

if TYPE_CHECKING:
    from conftest import Athena

CONVERSION = "functions/conversion.html"
VARCHAR = "io.trino.type.VarcharOperators"
STAMP = "io.trino.operator.scalar.timestamp.VarcharToTimestampCast"
DOUBLE = "io.trino.type.DoubleOperators"
TYPES = "language/types.html"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


CASES: list[tuple[str, Any, str]] = [
    ("CAST('12' AS bigint)", 12, VARCHAR),
    ("CAST('+12' AS bigint)", 12, VARCHAR),
    ("CAST('-0012' AS integer)", -12, VARCHAR),
    ("try_cast('1.7' AS bigint)", None, VARCHAR),
    ("try_cast('1e3' AS bigint)", None, VARCHAR),
    ("try_cast('0x10' AS bigint)", None, VARCHAR),
    ("try_cast('1_000' AS bigint)", None, VARCHAR),
    ("try_cast(' 1' AS bigint)", None, VARCHAR),
    ("try_cast('' AS bigint)", None, VARCHAR),
    ("try_cast('9223372036854775807' AS bigint)", 2**63 - 1, VARCHAR),
    ("try_cast('9223372036854775808' AS bigint)", None, VARCHAR),
    ("try_cast('2147483648' AS integer)", None, VARCHAR),
    ("try_cast(CAST(NULL AS varchar) AS bigint)", None, VARCHAR),
    ("try_cast('1.5' AS double)", 1.5, VARCHAR),
    ("try_cast(' 1e3 ' AS double)", 1000.0, VARCHAR),
    ("try_cast('.5' AS double)", 0.5, VARCHAR),
    ("try_cast('5.' AS double)", 5.0, VARCHAR),
    ("try_cast('1_0.5' AS double)", None, VARCHAR),
    ("try_cast('x' AS double)", None, VARCHAR),
    ("CAST('1.25' AS decimal(3, 1))", Decimal("1.3"), CONVERSION),
    ("CAST('-1.25' AS decimal(3, 1))", Decimal("-1.3"), CONVERSION),
    ("CAST('0.0035' AS decimal(10, 4))", Decimal("0.0035"), CONVERSION),
    ("try_cast('100' AS decimal(3, 1))", None, CONVERSION),
    ("try_cast('1,5' AS decimal(3, 1))", None, CONVERSION),
    ("CAST('TRUE' AS boolean)", True, VARCHAR),
    ("CAST('f' AS boolean)", False, VARCHAR),
    ("try_cast('yes' AS boolean)", None, VARCHAR),
    # numbers to numbers: half away from zero
    ("CAST(2.5e0 AS bigint)", 3, DOUBLE),
    ("CAST(-2.5e0 AS bigint)", -3, DOUBLE),
    ("CAST(1.4e0 AS integer)", 1, DOUBLE),
    ("CAST(DECIMAL '2.5' AS bigint)", 3, "functions/decimal.html"),
    ("CAST(DECIMAL '-2.5' AS bigint)", -3, "functions/decimal.html"),
    ("CAST(DECIMAL '1.25' AS decimal(3, 1))", Decimal("1.3"), "functions/decimal.html"),
    ("CAST(5 AS decimal(38, 0))", Decimal(5), CONVERSION),
    ("CAST(DECIMAL '1.5' AS double)", 1.5, CONVERSION),
    ("CAST(true AS bigint)", 1, CONVERSION),
    ("CAST(2 AS boolean)", True, CONVERSION),
    ("try_cast(3000000000 AS integer)", None, CONVERSION),
    ("CAST(NULL AS bigint)", None, CONVERSION),
    # to text
    ("CAST(12 AS varchar)", "12", CONVERSION),
    ("CAST(DECIMAL '1.50' AS varchar)", "1.50", CONVERSION),
    ("CAST(CAST(7 AS decimal(38, 0)) AS varchar)", "7", CONVERSION),
    ("CAST(true AS varchar)", "true", CONVERSION),
    ("CAST(DATE '2024-02-29' AS varchar)", "2024-02-29", CONVERSION),
    ("CAST(TIMESTAMP '2024-02-29 01:02:03' AS varchar)", "2024-02-29 01:02:03", CONVERSION),
    ("CAST(TIMESTAMP '2024-02-29 01:02:03.400' AS varchar)", "2024-02-29 01:02:03.400", CONVERSION),
    ("CAST(TIMESTAMP '2024-02-29 01:02:03.400000' AS varchar)", "2024-02-29 01:02:03.400000", CONVERSION),
    # to times
    ("CAST('2024-02-29 01:02:03.456' AS timestamp)", at("2024-02-29 01:02:03.456"), STAMP),
    ("CAST('2024-02-29 01:02:03.4565' AS timestamp)", at("2024-02-29 01:02:03.457"), STAMP),
    ("CAST('2024-02-29 01:02:03.4564' AS timestamp)", at("2024-02-29 01:02:03.456"), STAMP),
    ("CAST('2024-02-29 01:02:03.123456' AS timestamp(6))", at("2024-02-29 01:02:03.123456"), STAMP),
    ("CAST('2024-02-29 01:02:03.1234565' AS timestamp(6))", at("2024-02-29 01:02:03.123457"), STAMP),
    ("CAST('2024-02-29 01:02:03.1234564' AS timestamp(6))", at("2024-02-29 01:02:03.123456"), STAMP),
    ("CAST('2024-02-29 01:02:03.5' AS timestamp(0))", at("2024-02-29 01:02:04"), STAMP),
    ("CAST('2024-2-9 1:2' AS timestamp)", at("2024-02-09 01:02"), STAMP),
    ("CAST('2024-02-29' AS timestamp)", at("2024-02-29"), STAMP),
    ("CAST(' 2024-02-29 01:02:03 ' AS timestamp)", at("2024-02-29 01:02:03"), STAMP),
    ("CAST('2024-02-29 01:02:03 UTC' AS timestamp)", at("2024-02-29 01:02:03"), STAMP),
    ("try_cast('2024-02-29T01:02:03' AS timestamp)", None, STAMP),
    ("try_cast('2024-02-30 01:02:03' AS timestamp)", None, STAMP),
    ("try_cast('2024-02-29 24:00:00' AS timestamp)", None, STAMP),
    ("try_cast('2024-02-29 01:02:60' AS timestamp)", None, STAMP),
    ("try_cast('2024-02-29 01' AS timestamp)", None, STAMP),
    ("try_cast('epoch' AS timestamp)", None, STAMP),
    ("try_cast('infinity' AS timestamp)", None, STAMP),
    ("CAST('2024-02-29' AS date)", date(2024, 2, 29), CONVERSION),
    ("try_cast('2024-02-30' AS date)", None, CONVERSION),
    ("try_cast('29/02/2024' AS date)", None, CONVERSION),
    ("CAST(DATE '2024-02-29' AS timestamp)", at("2024-02-29"), CONVERSION),
    ("CAST(TIMESTAMP '1969-12-31 23:59:59' AS date)", date(1969, 12, 31), CONVERSION),
    ("CAST(TIMESTAMP '2024-02-29 01:02:03.4565' AS timestamp(3))", at("2024-02-29 01:02:03.457"), TYPES),
    ("CAST(TIMESTAMP '1969-12-31 23:59:59.9995' AS timestamp(3))", at("1970-01-01"), TYPES),
]

REFUSED = [
    ("CAST(1.5e0 AS varchar)", "decimal or an integer first"),
    ("CAST(1.5e0 AS decimal(3, 1))", "compute in decimals"),
    ("CAST('a' AS varchar(3))", "substr"),
    ("CAST('a' AS varbinary)", "not carried"),
    ("CAST(1 AS date)", "not carried"),
    ("CAST('a' AS char(3))", "not carried"),
    ("CAST(1 AS hugeint)", "."),
    ("CAST('{}' AS json)", "not carried"),
    ("1::varchar", "no cast in Athena"),
    ("CAST(DATE '2024-01-01' AS bigint)", "not carried"),
]

FAILS = [
    "TIMESTAMP '2024-01-01T00:00:00'",
    "DATE '2024-02-30'",
    "CAST(concat('1', '.7') AS bigint)",
    "CAST(concat('', '') AS bigint)",
    "CAST(concat('ye', 's') AS boolean)",
    "CAST(concat('2024-02-30', '') AS date)",
    "CAST(concat('2024-02-29', 'T00:00:00') AS timestamp)",
    "CAST(concat('1', '_0') AS double)",
    "CAST(concat('10', '0') AS decimal(3, 1))",
    "CAST(json_parse('[1]') AS varchar)",
    "CAST(json_parse('\"x\"') AS bigint)",
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


@pytest.mark.parametrize("expression", FAILS)
def test_a_wrong_text_is_an_error(shared_athena: Athena, expression: str) -> None:
    """CAST fails where TRY_CAST and try() give NULL."""
    with pytest.raises(duckdb.Error):
        shared_athena.value(expression)
    assert shared_athena.value(f"try({expression})") is None


@settings(max_examples=20, deadline=None)
@given(texts=st.lists(st.text(alphabet="+-0123456789. _ex", max_size=21), min_size=1, max_size=40))
def test_try_cast_takes_digits_and_nothing_else(shared_athena: Athena, texts: list[str]) -> None:
    """A bigint is a sign and digits that fit."""
    values = [int(text) if re.fullmatch("[+-]?[0-9]+", text) else None for text in texts]
    expected = [(value if value is not None and -(2**63) <= value < 2**63 else None,) for value in values]
    assert shared_athena.each("try_cast(x AS bigint)", texts) == expected


@settings(max_examples=20, deadline=None)
@given(instants=st.lists(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)), min_size=1, max_size=40))  # noqa: DTZ001
def test_a_timestamp_reads_its_own_text(shared_athena: Athena, instants: list[datetime]) -> None:
    """What CAST AS varchar writes, CAST AS timestamp(6) reads."""
    texts = [instant.isoformat(sep=" ", timespec="microseconds") for instant in instants]
    found = shared_athena.each("CAST(x AS timestamp(6)), CAST(CAST(x AS timestamp(6)) AS varchar)", texts)
    assert found == list(zip(instants, texts, strict=True))
