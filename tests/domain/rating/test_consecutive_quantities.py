"""Every model against unit-by-unit summation, for 200,000 consecutive quantities and at every boundary."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import islice, zip_longest
from typing import TYPE_CHECKING

import pytest

from tests.domain.rating.unit_by_unit import (
    after_free_units,
    graduated_costs,
    package_costs,
    per_unit_costs,
    volume_costs,
)
from usagelake.domain.money import round_amount
from usagelake.domain.price_book import UsageCharge
from usagelake.domain.rating.free import Free
from usagelake.domain.rating.graduated import Graduated
from usagelake.domain.rating.package import Package
from usagelake.domain.rating.per_unit import PerUnit
from usagelake.domain.rating.tiers import Tier
from usagelake.domain.rating.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.domain.rating.unit_by_unit import CoinTier
    from usagelake.domain.rating.model import PricingModel

QUANTITIES = 200_000
COIN_DECIMALS = 10  # a coin is a ten-thousand-millionth of a dollar
CENT = 10 ** (COIN_DECIMALS - 2)
FREE_UNITS = 1_000

COIN_TIERS: list[CoinTier] = [
    (1, 70_000_000, 30_000_000),
    (10_000, 35_000_000, 0),
    (99_999, 28_000_000, 1_000_000_000),
    (100_000, 27_999_999, 1),
    (None, 21_100_000, 5_000_000_000),
]
BOUNDARIES = sorted(
    {0, 1}
    | {near for end, _, _ in COIN_TIERS if end is not None for near in (end - 1, end, end + 1)}
    | {near for packages in (1, 2, 7) for near in (packages * 1_000 - 1, packages * 1_000, packages * 1_000 + 1)}
)


def dollars(coins: int) -> Decimal:
    return Decimal(coins).scaleb(-COIN_DECIMALS)


TIERS = tuple(Tier(end, dollars(price), dollars(flat)) for end, price, flat in COIN_TIERS)

#: Each model, and what units cost under it.
MODELS: dict[str, tuple[PricingModel, Callable[[], Iterator[int]]]] = {
    "per_unit": (PerUnit(dollars(4_321)), partial(per_unit_costs, 4_321)),
    "package up": (Package(1_000, dollars(200_123), "up"), partial(package_costs, 1_000, 200_123, "up")),
    "package down": (
        Package(1_000, dollars(200_123), "down"),
        partial(package_costs, 1_000, 200_123, "down"),
    ),
    "package of one": (Package(1, dollars(7), "up"), partial(package_costs, 1, 7, "up")),
    "graduated": (Graduated(TIERS), partial(graduated_costs, COIN_TIERS)),
    "volume": (Volume(TIERS), partial(volume_costs, COIN_TIERS)),
    "free": (Free(), partial(per_unit_costs, 0)),
}
FLAT_AT_ZERO: dict[str, tuple[PricingModel, Callable[[], Iterator[int]]]] = {
    "graduated, flat at zero": (
        Graduated(TIERS, flat_at_zero=True),
        partial(graduated_costs, COIN_TIERS, flat_at_zero=True),
    ),
    "volume, flat at zero": (
        Volume(TIERS, flat_at_zero=True),
        partial(volume_costs, COIN_TIERS, flat_at_zero=True),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_quantity_costs_what_its_units_cost(name: str) -> None:
    """With free units, exactly and rounded, for every quantity from 0 to 200,000."""
    model, costs = MODELS[name]
    charge = UsageCharge("charge", "meter", None, model, free_units=FREE_UNITS)
    expected = islice(after_free_units(costs(), FREE_UNITS), QUANTITIES + 1)
    for quantity, coins in zip_longest(range(QUANTITIES + 1), expected):
        priced = charge.price(quantity)
        assert priced.amount.scaleb(COIN_DECIMALS) == coins, quantity
        assert round_amount(priced.amount, "USD").scaleb(2) == (2 * coins + CENT) // (2 * CENT), quantity


@pytest.mark.parametrize("free_units", [0, 1, 999])
@pytest.mark.parametrize("name", [*MODELS, *FLAT_AT_ZERO])
def test_the_steps_prove_the_amount_at_every_boundary(name: str, free_units: int) -> None:
    """At 0, each boundary - 1, at it and + 1: the amount is right, and the steps add up to it."""
    model, costs = {**MODELS, **FLAT_AT_ZERO}[name]
    charge = UsageCharge("charge", "meter", None, model, free_units=free_units)
    expected = list(islice(costs(), max(BOUNDARIES) + 1))
    for billable in BOUNDARIES:
        priced = charge.price(billable + free_units)
        assert Fraction(priced.amount) == Fraction(expected[billable], 10**COIN_DECIMALS), billable
        documents = [step.to_document() for step in priced.steps]
        assert sum(Fraction(str(step["amount"])) for step in documents) == Fraction(priced.amount), billable
        if billable == 0 or not documents:
            continue
        assert [int(str(step["from"])) for step in documents] == [
            1,
            *(int(str(step["to"])) + 1 for step in documents[:-1]),
        ]
        assert int(str(documents[-1]["to"])) == sum(int(str(step["quantity"])) for step in documents) == billable
        for step in documents:
            assert Fraction(str(step["amount"])) == prove(step)


def prove(step: Mapping[str, object]) -> Fraction:
    """Do a step's arithmetic again, from what the invoice shows alone."""
    number = {key: Fraction(str(value)) for key, value in step.items() if key != "round"}
    if "packages" not in number:
        return number["quantity"] * number["unit_price"] + number["flat"]
    full, left_over = divmod(number["quantity"], number["package_size"])
    assert number["packages"] == full + (left_over > 0 and step["round"] == "up")
    return number["packages"] * number["package_price"]
