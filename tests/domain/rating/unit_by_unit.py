"""What each model costs, one unit after the other: slow, whole numbers only, and not the product's way.

Prices are whole numbers of some small coin. Each function yields what 0 units cost, 1 unit, 2 units, ...
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: What a tier is here: its last unit (None: it has none), its unit price, its flat amount.
CoinTier = tuple[int | None, int, int]


def after_free_units(costs: Iterator[int], free_units: int) -> Iterator[int]:
    """Let the first units cost what no units cost."""
    nothing = next(costs)
    for _ in range(free_units + 1):
        yield nothing
    yield from costs


def per_unit_costs(unit_price: int) -> Iterator[int]:
    cost = 0
    while True:
        yield cost
        cost += unit_price


def package_costs(size: int, price: int, rounding: str) -> Iterator[int]:
    """Pay for a package when its first unit is taken (up), or when it is full (down)."""
    cost = 0
    in_package = 0
    yield cost
    while True:
        in_package += 1
        if in_package == (1 if rounding == "up" else size):
            cost += price
        if in_package == size:
            in_package = 0
        yield cost


def _tier_of(tiers: Sequence[CoinTier], unit: int) -> CoinTier:
    ends = [end for end, _, _ in tiers if end is not None]
    return tiers[bisect_left(ends, unit)]


def graduated_costs(tiers: Sequence[CoinTier], *, flat_at_zero: bool = False) -> Iterator[int]:
    """Pay each unit's own price, and a tier's flat amount with the first unit that falls in it."""
    yield tiers[0][2] if flat_at_zero else 0
    cost = 0
    before = None
    for unit in count(1):
        tier = _tier_of(tiers, unit)
        if tier is not before:
            cost += tier[2]
        cost += tier[1]
        before = tier
        yield cost


def volume_costs(tiers: Sequence[CoinTier], *, flat_at_zero: bool = False) -> Iterator[int]:
    """Keep one running sum for each tier, and show the one that the number of units falls in."""
    yield tiers[0][2] if flat_at_zero else 0
    sums = {tier: tier[2] for tier in tiers}
    for unit in count(1):
        for tier in tiers:
            sums[tier] += tier[1]
        yield sums[_tier_of(tiers, unit)]
