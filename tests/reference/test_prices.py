"""The reference's own arithmetic, against the published vectors of tiered pricing and by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.reference.billing import fixed, plain, price_of, rounded

TIERS = [{"up_to": 5, "unit_price": "7"}, {"up_to": 10, "unit_price": "6.50"}, {"unit_price": "6"}]
FLAT_TIERS = [{"up_to": 5, "unit_price": "1", "flat": "10"}, {"unit_price": "2", "flat": "0.5"}]
PACKAGE = {"model": "package", "package_size": 1000, "package_price": "0.02"}


@pytest.mark.parametrize(
    ("charge", "quantity", "amount"),
    [
        ({"model": "volume", "tiers": TIERS}, 5, "35"),
        ({"model": "volume", "tiers": TIERS}, 6, "39"),
        ({"model": "volume", "tiers": TIERS}, 20, "120"),
        ({"model": "volume", "tiers": TIERS}, 25, "150"),
        ({"model": "graduated", "tiers": TIERS}, 6, "41.50"),
        ({"model": "graduated", "tiers": TIERS}, 20, "127.50"),
        ({"model": "graduated", "tiers": TIERS}, 0, "0"),
        ({"model": "graduated", "tiers": FLAT_TIERS}, 0, "0"),
        ({"model": "graduated", "tiers": FLAT_TIERS}, 5, "15"),
        ({"model": "graduated", "tiers": FLAT_TIERS}, 6, "17.5"),
        ({"model": "volume", "tiers": FLAT_TIERS}, 5, "15"),
        ({"model": "volume", "tiers": FLAT_TIERS}, 6, "12.5"),
        ({"model": "volume", "tiers": FLAT_TIERS}, 0, "0"),
        ({"model": "volume", "tiers": FLAT_TIERS, "flat_at_zero": True}, 0, "10"),
        ({"model": "graduated", "tiers": FLAT_TIERS, "flat_at_zero": True, "free_units": 9}, 9, "10"),
        ({"model": "graduated", "tiers": FLAT_TIERS, "free_units": 9}, 10, "11"),
        (PACKAGE, 0, "0"),
        (PACKAGE, 1, "0.02"),
        (PACKAGE, 1000, "0.02"),
        (PACKAGE, 1001, "0.04"),
        (PACKAGE | {"round": "down"}, 1999, "0.02"),
        (PACKAGE | {"free_units": 1}, 1001, "0.02"),
        ({"model": "per_unit", "unit_price": "0.0000004"}, 2**63, "3689348814741.9103232"),
        ({"model": "per_unit", "unit_price": "3", "free_units": 5}, 4, "0"),
        ({"model": "free"}, 10**9, "0"),
    ],
)
def test_a_pool_is_priced(charge: dict[str, Any], quantity: int, amount: str) -> None:
    """Each model at its edges."""
    assert price_of(charge, quantity) == Fraction(amount)


@pytest.mark.parametrize(
    ("exact", "digits", "amount"),
    [
        ("0.005", 2, "0.01"),
        ("0.0049999", 2, "0.00"),
        ("2.675", 2, "2.68"),
        ("0.5", 0, "1"),
        ("1.0005", 3, "1.001"),
    ],
)
def test_halves_go_up(exact: str, digits: int, amount: str) -> None:
    """Rounding is done once, to the currency's digits."""
    assert fixed(rounded(Fraction(exact), digits), digits) == amount


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Fraction("14.0420"), "14.042"),
        (Fraction(10), "10"),
        (Fraction("0.96"), "0.96"),
        (Fraction(1, 3), None),
    ],
)
def test_an_exact_amount_has_no_trailing_zeros(amount: Fraction, text: str | None) -> None:
    """Plain decimals; what does not end is no decimal."""
    assert plain(amount) == text
