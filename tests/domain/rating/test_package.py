"""Package prices, by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from usagelake.domain.rating.package import Package


@pytest.mark.parametrize(
    ("quantity", "up", "down"),
    [
        (0, "0", "0"),
        (1, "0.02", "0"),
        (999, "0.02", "0"),
        (1000, "0.02", "0.02"),
        (1001, "0.04", "0.02"),
        (1999, "0.04", "0.02"),
        (2000, "0.04", "0.04"),
        (2001, "0.06", "0.04"),
    ],
)
def test_packages_are_rounded_as_the_book_says(quantity: int, up: str, down: str) -> None:
    price = Decimal("0.02")
    assert Package(1000, price, "up").price(quantity).amount == Decimal(up)
    assert Package(1000, price, "down").price(quantity).amount == Decimal(down)


def test_a_quantity_beyond_what_a_float_can_count_is_exact() -> None:
    """2^53 + 1 bytes in packages of one: a float would lose the last byte."""
    assert Package(1, Decimal(1)).price(2**53 + 1).amount == 2**53 + 1


def test_the_step_shows_the_packages() -> None:
    assert [step.to_document() for step in Package(1000, Decimal("0.020")).price(4012).steps] == [
        {
            "from": "1",
            "to": "4012",
            "quantity": "4012",
            "package_size": "1000",
            "round": "up",
            "packages": "5",
            "package_price": "0.02",
            "amount": "0.1",
        }
    ]


def test_a_package_that_is_given_away_still_has_its_step() -> None:
    priced = Package(1000, Decimal("0.02"), "down").price(999)
    assert priced.amount == 0
    assert priced.steps[0].to_document()["packages"] == "0"
