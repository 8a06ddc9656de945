"""Tiers: the ranges of units that graduated and volume prices are made of.

Source of the rules: Stripe, tiered pricing: ``up_to`` is inclusive, the next tier starts one unit above it,
and the last tier is unbounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from usagelake.domain.rating.steps import NOTHING_DUE, ZERO, Priced, TierStep

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Tier:
    """One range of units and what it costs.

    Args:
        up_to: The number of the last unit in the tier, inclusive; None for the last tier, which has no end.
        unit_price: For each unit, in units of the currency.
        flat: Due once when the tier is entered.
    """

    up_to: int | None
    unit_price: Decimal
    flat: Decimal = ZERO

    def step(self, first: int, last: int) -> TierStep:
        """Price the units with the numbers ``first`` to ``last`` (inclusive) at this tier."""
        quantity = last - first + 1
        amount = Decimal(quantity) * self.unit_price + self.flat
        return TierStep(first, last, quantity, self.unit_price, self.flat, amount)


def tier_faults(bounds: Sequence[int | None]) -> list[str]:
    """Say what is wrong with the order of tiers, one sentence for each fault.

    Args:
        bounds: Each tier's ``up_to``, in the order in which they are written.

    >>> tier_faults([10, 5, None])
    ['tier 2 ends at 5, which is not above the 10 of the tier before it; write the tiers in rising order']
    """
    if not bounds:
        return ["tiers is empty; write at least one tier"]
    faults = []
    highest = 0
    for number, bound in enumerate(bounds[:-1], start=1):
        if bound is None:
            faults.append(f"tier {number} has no up_to, which only the last tier may leave out")
        elif bound <= highest:
            before = f"the {highest} of the tier before it" if highest > 0 else "0"
            faults.append(
                f"tier {number} ends at {bound}, which is not above {before}; write the tiers in rising order"
            )
        else:
            highest = bound
    if bounds[-1] is not None:
        faults.append(f"the last tier ends at {bounds[-1]}; leave its up_to out, so that usage above it has a price")
    return faults


def require_sound(tiers: Sequence[Tier]) -> None:
    """Refuse tiers that leave a unit without a price, or with two.

    Raises:
        ValueError: With every fault. A price book's loader has named them with their place before.
    """
    faults = tier_faults([tier.up_to for tier in tiers])
    if faults:
        raise ValueError("; ".join(faults))


def price_without_usage(tiers: Sequence[Tier], *, flat_at_zero: bool) -> Priced:
    """Price a pool of no units: nothing, or the first tier's flat amount where the charge says so."""
    first = tiers[0]
    if not flat_at_zero or first.flat.is_zero():
        return NOTHING_DUE
    return Priced(first.flat, (TierStep(0, 0, 0, first.unit_price, first.flat, first.flat),))
