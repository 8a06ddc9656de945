"""Currencies: which exist, and with how many digits."""

from __future__ import annotations

import pytest

from usagelake.domain.currencies import CURRENCY_DIGITS, currency_digits
from usagelake.errors import ConfigurationError


@pytest.mark.parametrize(
    ("currency", "digits"),
    [
        ("USD", 2),
        ("EUR", 2),
        ("JPY", 0),
        ("KRW", 0),
        ("ISK", 0),
        ("BHD", 3),
        ("TND", 3),
        ("CLF", 4),
        ("UYW", 4),
    ],
)
def test_a_currency_has_the_exponent_of_iso_4217(currency: str, digits: int) -> None:
    assert currency_digits(currency) == digits


@pytest.mark.parametrize("code", ["usd", "US", "XAU", "XXX", "XTS", "DEM", "HRK", "", "US$"])
def test_a_code_that_nothing_can_be_invoiced_in_is_refused(code: str) -> None:
    """Old codes, metals and test codes are no currencies to bill in."""
    with pytest.raises(ConfigurationError, match=r"no active ISO 4217 code"):
        currency_digits(code)


def test_the_table_is_whole() -> None:
    """The counts are those of List One of 2026-01-01; a code that stands twice would lower them."""
    counts = {digits: list(CURRENCY_DIGITS.values()).count(digits) for digits in (0, 2, 3, 4)}
    assert counts == {0: 17, 2: 139, 3: 7, 4: 2}
    assert all(len(code) == 3 and code.isupper() for code in CURRENCY_DIGITS)
