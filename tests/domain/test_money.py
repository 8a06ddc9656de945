"""Money: exact, rounded in one place, written plainly."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal, FloatOperation, Inexact, getcontext, localcontext
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usagelake.domain.money import exact_arithmetic, format_amount, format_exact, round_amount, share_of
from usagelake.errors import ConfigurationError

amounts = st.decimals(min_value=0, max_value=10**12, places=7)


@pytest.mark.parametrize(
    ("exact", "currency", "rounded"),
    [
        ("14.042", "USD", "14.04"),
        ("14.045", "USD", "14.05"),
        ("14.055", "USD", "14.06"),  # half to even would say 14.06 here and 14.04 above
        ("0.005", "USD", "0.01"),
        ("0.00499999999999999999999", "USD", "0.00"),
        ("1.5", "JPY", "2"),
        ("2.5", "JPY", "3"),
        ("0.0005", "BHD", "0.001"),
        ("0.00005", "CLF", "0.0001"),
        ("-0.005", "USD", "-0.01"),
        ("-0.004", "USD", "0.00"),
        ("12", "USD", "12.00"),
        ("1E+3", "USD", "1000.00"),
    ],
)
def test_rounding_goes_half_up_to_the_currency(exact: str, currency: str, rounded: str) -> None:
    assert str(round_amount(Decimal(exact), currency)) == rounded


@given(amounts, st.sampled_from([("JPY", 0), ("USD", 2), ("BHD", 3), ("CLF", 4)]))
@settings(max_examples=200)
def test_rounding_agrees_with_whole_number_arithmetic(exact: Decimal, currency: tuple[str, int]) -> None:
    code, digits = currency
    expected = floor(Fraction(exact) * 10**digits + Fraction(1, 2))
    assert Fraction(round_amount(exact, code)) == Fraction(expected, 10**digits)


def test_floats_would_be_wrong_where_this_is_right() -> None:
    """The published count: `round(q * 0.001, 2)` is wrong for 7,333 of the quantities 1 to 200,000."""
    price = Decimal("0.001")
    wrong = 0
    for quantity in range(1, 200_001):
        rounded = round_amount(quantity * price, "USD")
        assert rounded.scaleb(2) == (quantity + 5) // 10
        wrong += rounded != Decimal(repr(round(quantity * 0.001, 2)))
    assert wrong == 7_333


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'DEM'"):
        round_amount(Decimal(1), "DEM")
    with pytest.raises(ConfigurationError, match="'DEM'"):
        format_amount(Decimal(1), "DEM")


def test_the_ambient_context_changes_nothing() -> None:
    """A caller with three digits of precision that rounds down gets the same cents."""
    with localcontext(prec=3, rounding=ROUND_DOWN):
        assert str(round_amount(Decimal("1234567.895"), "USD")) == "1234567.90"
        assert str(share_of(Decimal(1234567), 1, 2)) == "617283.500000000000"
        assert format_exact(Decimal("1234567.8950")) == "1234567.895"
        assert format_amount(Decimal("1234567.89"), "USD") == "1234567.89"
        with exact_arithmetic():
            assert Decimal(1234567) * 3 == 3703701
        assert getcontext().prec == 3


def test_a_loss_of_digits_is_an_error_and_never_silent() -> None:
    with exact_arithmetic(), pytest.raises(Inexact):
        Decimal(10) ** 59 + Decimal("0.01")


@pytest.mark.parametrize("mix", [lambda: Decimal(1 / 10), lambda: Decimal(1) > 0.5])
def test_a_float_in_exact_arithmetic_is_an_error(mix: object) -> None:
    assert callable(mix)
    with exact_arithmetic(), pytest.raises(FloatOperation):
        mix()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("14.0420", "14.042"),
        ("0", "0"),
        ("-0", "0"),
        ("0E-12", "0"),
        ("1E+3", "1000"),
        ("100", "100"),
        ("0.0000000333", "0.0000000333"),
        ("1E-18", "0.000000000000000001"),
        ("-2.50", "-2.5"),
        ("123456789012345678901234567890.10", "123456789012345678901234567890.1"),
    ],
)
def test_exact_amounts_are_written_plainly(value: str, text: str) -> None:
    assert format_exact(Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        ("25", "USD", "25.00"),
        ("25.1", "USD", "25.10"),
        ("0", "USD", "0.00"),
        ("-0.00", "USD", "0.00"),
        ("-1.5", "USD", "-1.50"),
        ("1E+6", "JPY", "1000000"),
        ("3", "BHD", "3.000"),
    ],
)
def test_amounts_are_written_with_the_currencys_digits(value: str, currency: str, text: str) -> None:
    assert format_amount(Decimal(value), currency) == text


def test_an_amount_that_was_never_rounded_is_not_written() -> None:
    with pytest.raises(Inexact):
        format_amount(Decimal("0.005"), "USD")


@given(amounts, st.integers(0, 744))
@settings(max_examples=200)
def test_a_share_is_right_to_the_cent(amount: Decimal, hours: int) -> None:
    """Cut digits never change what the share rounds to, and less than one of the 12th decimal is cut."""
    true_share = Fraction(amount) * hours / 744
    share = share_of(amount, hours, 744)
    assert 0 <= true_share - Fraction(share) < Fraction(1, 10**12)
    assert Fraction(round_amount(share, "USD")) == Fraction(floor(true_share * 100 + Fraction(1, 2)), 100)


def test_a_share_just_below_a_half_stays_below() -> None:
    """0.005 * 743/744 is below half a cent: no digit that is cut may lift it."""
    assert str(round_amount(share_of(Decimal("0.005"), 743, 744), "USD")) == "0.00"
    assert str(round_amount(share_of(Decimal("0.015"), 248, 744), "USD")) == "0.01"


def test_a_whole_share_is_the_amount_itself() -> None:
    assert str(share_of(Decimal("10.0000000000001"), 744, 744)) == "10.0000000000001"
