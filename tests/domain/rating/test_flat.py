"""Fees."""

from __future__ import annotations

from decimal import Decimal

import pytest

from usagelake.domain.rating.flat import Flat


def test_a_whole_fee_is_due_whatever_was_assigned() -> None:
    assert Flat(Decimal("10.00")).fee(hours=1, period_hours=744) == 10


@pytest.mark.parametrize(
    ("hours", "share"),
    [
        (0, "0"),
        (24, "0.322580645161"),
        (240, "3.225806451612"),
        (372, "5"),
        (743, "9.986559139784"),
        (744, "10"),
    ],
)
def test_a_prorated_fee_is_due_for_the_assigned_hours(hours: int, share: str) -> None:
    assert Flat(Decimal("10.00"), prorate=True).fee(hours=hours, period_hours=744) == Decimal(share)
