"""Per-unit prices, by hand."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal, localcontext

import pytest

from usagelake.domain.rating.per_unit import PerUnit


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [(0, "0"), (1, "0.00000137"), (2, "0.00000274"), (2**63 - 1, "12636019690491.04285559")],
)
def test_units_cost_the_same(quantity: int, amount: str) -> None:
    assert PerUnit(Decimal("0.00000137")).price(quantity).amount == Decimal(amount)


def test_no_usage_has_no_steps() -> None:
    assert PerUnit(Decimal(1)).price(0).steps == ()


def test_the_step_shows_units_and_price() -> None:
    assert [step.to_document() for step in PerUnit(Decimal("0.0000004")).price(5_000_000).steps] == [
        {
            "from": "1",
            "to": "5000000",
            "quantity": "5000000",
            "unit_price": "0.0000004",
            "flat": "0",
            "amount": "2",
        }
    ]


def test_the_callers_decimal_context_changes_nothing() -> None:
    with localcontext(prec=2, rounding=ROUND_DOWN):
        assert str(PerUnit(Decimal("0.0123")).price(12_345).amount) == "151.8435"
