"""Graduated prices, by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from usagelake.domain.rating.graduated import Graduated
from usagelake.domain.rating.tiers import Tier

#: The published vectors' tiers: 1 to 5 at 7, 6 to 10 at 6.50, 11 and more at 6.
PUBLISHED = (Tier(5, Decimal(7)), Tier(10, Decimal("6.50")), Tier(None, Decimal(6)))
WITH_FLAT = (
    Tier(10, Decimal(1), flat=Decimal(100)),
    Tier(20, Decimal("0.5")),
    Tier(None, Decimal("0.1"), flat=Decimal("0.01")),
)


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        (0, "0"),
        (1, "7"),
        (4, "28"),
        (5, "35"),
        (6, "41.50"),
        (9, "61"),
        (10, "67.5"),
        (11, "73.5"),
        (20, "127.50"),
    ],
)
def test_each_unit_costs_what_its_tier_says(quantity: int, amount: str) -> None:
    assert Graduated(PUBLISHED).price(quantity).amount == Decimal(amount)


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        (0, "0"),
        (1, "101"),
        (9, "109"),
        (10, "110"),
        (11, "110.5"),
        (19, "114.5"),
        (20, "115"),
        (21, "115.11"),  # 0.1 for the unit and 0.01 for having entered the tier
        (22, "115.21"),
        (10**18, "100000000000000113.01"),
    ],
)
def test_a_flat_amount_is_due_once_when_its_tier_is_entered(quantity: int, amount: str) -> None:
    assert Graduated(WITH_FLAT).price(quantity).amount == Decimal(amount)


def test_the_steps_say_which_units_fell_where() -> None:
    steps = [step.to_document() for step in Graduated(WITH_FLAT).price(21).steps]
    assert steps == [
        {"from": "1", "to": "10", "quantity": "10", "unit_price": "1", "flat": "100", "amount": "110"},
        {"from": "11", "to": "20", "quantity": "10", "unit_price": "0.5", "flat": "0", "amount": "5"},
        {"from": "21", "to": "21", "quantity": "1", "unit_price": "0.1", "flat": "0.01", "amount": "0.11"},
    ]


def test_a_tier_that_was_not_entered_has_no_step() -> None:
    assert len(Graduated(WITH_FLAT).price(10).steps) == 1
    assert len(Graduated(WITH_FLAT).price(11).steps) == 2


def test_no_usage_costs_nothing_unless_the_charge_says_so() -> None:
    assert Graduated(WITH_FLAT).price(0).steps == ()
    priced = Graduated(WITH_FLAT, flat_at_zero=True).price(0)
    assert priced.amount == Decimal(100)
    assert [step.to_document() for step in priced.steps] == [
        {"from": "0", "to": "0", "quantity": "0", "unit_price": "1", "flat": "100", "amount": "100"}
    ]


def test_flat_at_zero_changes_nothing_once_there_is_usage() -> None:
    for quantity in (1, 10, 11, 21):
        assert Graduated(WITH_FLAT, flat_at_zero=True).price(quantity) == Graduated(WITH_FLAT).price(quantity)


def test_flat_at_zero_without_a_flat_amount_is_nothing() -> None:
    priced = Graduated(PUBLISHED, flat_at_zero=True).price(0)
    assert priced.amount == 0
    assert priced.steps == ()
