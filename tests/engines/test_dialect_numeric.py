"""Numbers: what Trino documents, or its source does, is what DuckDB gives."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from conftest import Athena

MATH = "functions/math.html"
DECIMAL = "functions/decimal.html"
CONDITIONAL = "functions/conditional.html"
BITWISE = "functions/bitwise.html"
TYPES = "language/types.html"

CASES: list[tuple[str, Any, str]] = [
    # division truncates towards zero, the remainder has the dividend's sign
    ("7 / 2", 3, MATH),
    ("-7 / 2", -3, MATH),
    ("7 / -2", -3, MATH),
    ("-7 / -2", 3, MATH),
    ("BIGINT '9223372036854775807' / 2", 4611686018427387903, MATH),
    ("7 % 3", 1, MATH),
    ("-7 % 3", -1, MATH),
    ("7 % -3", 1, MATH),
    ("mod(-7, 3)", -1, MATH),
    ("mod(BIGINT '10', 4)", 2, MATH),
    ("7e0 / 2", 3.5, MATH),
    ("7 / 2e0", 3.5, MATH),
    ("1024 * 3 / 1024 / 3", 1, MATH),
    ("100 / 3 * 3", 99, MATH),
    # literals have exact types
    ("1.10", Decimal("1.10"), TYPES),
    (".5", Decimal("0.5"), TYPES),
    ("DECIMAL '0.0035'", Decimal("0.0035"), DECIMAL),
    ("DECIMAL '12345678901234567890.123456789'", Decimal("12345678901234567890.123456789"), DECIMAL),
    ("-DECIMAL '0.0035'", Decimal("-0.0035"), DECIMAL),
    ("1.5e3", 1500.0, TYPES),
    ("BIGINT '5'", 5, TYPES),
    ("9223372036854775807", 9223372036854775807, TYPES),
    # decimals: + - * keep every digit
    ("DECIMAL '0.0035' * 4012", Decimal("14.0420"), DECIMAL),
    ("DECIMAL '0.1' + DECIMAL '0.22'", Decimal("0.32"), DECIMAL),
    ("DECIMAL '1' - DECIMAL '0.000001'", Decimal("0.999999"), DECIMAL),
    ("DECIMAL '99999999999999999999999999999999999999' - 1", Decimal(99999999999999999999999999999999999998), DECIMAL),
    ("CAST(5 AS decimal(38, 0)) * CAST(7 AS decimal(38, 0))", Decimal(35), DECIMAL),
    ("BIGINT '3' * DECIMAL '1.5'", Decimal("4.5"), DECIMAL),
    ("2 = DECIMAL '2.0'", True, DECIMAL),
    ("DECIMAL '2.0' > 1e0", True, TYPES),
    # functions
    ("abs(-5)", 5, MATH),
    ("abs(DECIMAL '-1.5')", Decimal("1.5"), MATH),
    ("ceil(1.2e0)", 2.0, MATH),
    ("ceiling(-1.2e0)", -1.0, MATH),
    ("floor(-1.2e0)", -2.0, MATH),
    ("ceil(BIGINT '7')", 7, MATH),
    ("round(2.5e0)", 3.0, MATH),
    ("round(-2.5e0)", -3.0, MATH),
    ("round(1.2345e0, 2)", 1.23, MATH),
    ("round(DECIMAL '2.5')", Decimal(3), MATH),
    ("round(DECIMAL '-2.5')", Decimal(-3), MATH),
    ("round(DECIMAL '1.2355', 3)", Decimal("1.2360"), MATH),
    ("round(BIGINT '7')", 7, MATH),
    ("truncate(-1.9e0)", -1.0, MATH),
    ("sign(-5)", -1, MATH),
    ("power(2, 10)", 1024.0, MATH),
    ("sqrt(16)", 4.0, MATH),
    ("ln(exp(1e0))", 1.0, MATH),
    ("log2(8)", 3.0, MATH),
    ("log10(1000)", 3.0, MATH),
    ("is_nan(sqrt(4e0))", False, MATH),
    ("from_base('ff', 16)", 255, MATH),
    ("to_base(255, 16)", "ff", MATH),
    ("bitwise_and(19, 25)", 17, BITWISE),
    ("bitwise_or(19, 25)", 27, BITWISE),
    ("bitwise_xor(19, 25)", 10, BITWISE),
    ("bitwise_not(-12)", 11, BITWISE),
    # NULL if any is NULL; DuckDB would skip it
    ("greatest(1, NULL, 3)", None, "functions/comparison.html"),
    ("least(1, NULL)", None, "functions/comparison.html"),
    ("greatest(1, 3, 2)", 3, "functions/comparison.html"),
    ("least(DECIMAL '1.5', 2)", Decimal("1.5"), "functions/comparison.html"),
    ("greatest('b', 'a')", "b", "functions/comparison.html"),
    # conditionals
    ("coalesce(NULL, 2)", 2, CONDITIONAL),
    ("coalesce(CAST(NULL AS bigint), 2)", 2, CONDITIONAL),
    ("nullif(1, 1)", None, CONDITIONAL),
    ("nullif(1, 2)", 1, CONDITIONAL),
    ("nullif(1, DECIMAL '1.0')", None, CONDITIONAL),
    ("if(1 > 2, 'yes')", None, CONDITIONAL),
    ("if(1 < 2, 'yes', 'no')", "yes", CONDITIONAL),
    ("CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END", "b", CONDITIONAL),
    ("CASE WHEN NULL THEN 1 ELSE 2 END", 2, CONDITIONAL),
    ("try(1 / 0)", None, CONDITIONAL),
    ("try(CAST('x' AS bigint))", None, CONDITIONAL),
    ("coalesce(try(1 / 0), -1)", -1, CONDITIONAL),
]

TYPES_OF: list[tuple[str, str]] = [
    ("1", "integer"),
    ("2147483648", "bigint"),
    ("1.10", "decimal(3, 2)"),
    ("DECIMAL '0.0035'", "decimal(4, 4)"),
    ("1e0", "double"),
    ("1 + BIGINT '1'", "bigint"),
    ("DECIMAL '0.0035' * 4012", "decimal(14, 4)"),
    ("DECIMAL '1.5' + 1", "decimal(12, 1)"),
    ("7 / 2", "integer"),
    ("round(DECIMAL '1.2355', 3)", "decimal(6, 4)"),
    ("count(*)", "bigint"),
    ("sum(1)", "bigint"),
    ("sum(DECIMAL '1.5')", "decimal(38, 1)"),
    ("avg(1)", "double"),
    ("greatest(1, BIGINT '2')", "bigint"),
    ("NULL", "unknown"),
]

FAILS = [
    "1 / 0",
    "1 % 0",
    "2147483647 + 1",
    "9223372036854775807 + BIGINT '1'",
    "BIGINT '9223372036854775807' * 2",
    "DECIMAL '99999999999999999999999999999999999999' + 1",
    "CAST(3000000000 AS integer)",
    "CAST(1000 AS decimal(3, 1))",
]


@pytest.mark.parametrize(("expression", "expected", "_source"), CASES)
def test_value(shared_athena: Athena, expression: str, expected: Any, _source: str) -> None:
    """The value is Trino's, and its Python type too."""
    found = shared_athena.value(expression)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("expression", "expected"), TYPES_OF)
def test_type(shared_athena: Athena, expression: str, expected: str) -> None:
    """The type is Trino's."""
    assert shared_athena.type(expression) == expected


@pytest.mark.parametrize("expression", FAILS)
def test_an_impossible_number_is_an_error(shared_athena: Athena, expression: str) -> None:
    """Where Trino fails, DuckDB fails: no wrapped sum, no infinity."""
    with pytest.raises(duckdb.Error):
        shared_athena.value(expression)


def test_a_bigint_sum_that_overflows_is_an_error(shared_athena: Athena) -> None:
    """DuckDB sums into a hugeint; Athena's sum of bigints is a bigint."""
    with pytest.raises(duckdb.Error, match="out of range"):
        shared_athena.rows("SELECT sum(x) FROM (VALUES (9223372036854775807), (1)) AS t (x)")


@settings(max_examples=40, deadline=None)
@given(left=st.integers(-(2**63), 2**63 - 1), right=st.integers(-(2**63), 2**63 - 1).filter(bool))
def test_integer_division_truncates(shared_athena: Athena, left: int, right: int) -> None:
    """Quotient and remainder are those of a division that truncates towards zero, as in Java."""
    if left == -(2**63) or (right == -(2**63)):
        return
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    row = shared_athena.rows(f"SELECT BIGINT '{left}' / BIGINT '{right}', BIGINT '{left}' % BIGINT '{right}'")[0]
    assert row == (quotient, left - quotient * right)
