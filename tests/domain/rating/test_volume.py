"""Volume prices, by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from usagelake.domain.rating.tiers import Tier
from usagelake.domain.rating.volume import Volume

#: The published vectors' tiers: 1 to 5 at 7, 6 to 10 at 6.50, 11 and more at 6.
PUBLISHED = (Tier(5, Decimal(7)), Tier(10, Decimal("6.50")), Tier(None, Decimal(6)))
WITH_FLAT = (Tier(10, Decimal(1), flat=Decimal(100)), Tier(None, Decimal("0.1"), flat=Decimal("0.01")))


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        (0, "0"),
        (1, "7"),
        (4, "28"),
        (5, "35"),
        (6, "39"),
        (9, "58.5"),
        (10, "65"),
        (11, "66"),
        (20, "120"),
        (25, "150"),
    ],
)
def test_all_units_cost_what_the_totals_tier_says(quantity: int, amount: str) -> None:
    assert Volume(PUBLISHED).price(quantity).amount == Decimal(amount)


@pytest.mark.parametrize(("quantity", "amount"), [(0, "0"), (1, "101"), (10, "110"), (11, "1.11"), (12, "1.21")])
def test_only_the_totals_tier_has_its_flat_amount_due(quantity: int, amount: str) -> None:
    """The total falls from 110 to 1.11 as usage grows: so volume prices are."""
    assert Volume(WITH_FLAT).price(quantity).amount == Decimal(amount)


def test_there_is_one_step_for_all_units() -> None:
    assert [step.to_document() for step in Volume(WITH_FLAT).price(12).steps] == [
        {"from": "1", "to": "12", "quantity": "12", "unit_price": "0.1", "flat": "0.01", "amount": "1.21"}
    ]


def test_no_usage_costs_nothing_unless_the_charge_says_so() -> None:
    assert Volume(WITH_FLAT).price(0).amount == 0
    priced = Volume(WITH_FLAT, flat_at_zero=True).price(0)
    assert priced.amount == Decimal(100)
    assert len(priced.steps) == 1
    assert Volume(WITH_FLAT, flat_at_zero=True).price(11) == Volume(WITH_FLAT).price(11)
