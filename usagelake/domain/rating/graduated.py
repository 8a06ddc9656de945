"""Graduated: each unit costs what the tier says that it falls in."""

from __future__ import annotations

from dataclasses import dataclass

from usagelake.domain.money import exact_arithmetic
from usagelake.domain.rating.steps import ZERO, Priced
from usagelake.domain.rating.tiers import Tier, price_without_usage, require_sound


@dataclass(frozen=True, slots=True)
class Graduated:
    """The sum over the tiers entered (Stripe: graduated pricing).

    Args:
        tiers: In rising order, the last one unbounded.
        flat_at_zero: Whether the first tier's flat amount is due without usage.

    Raises:
        ValueError: The tiers are empty, not rising, or end.
    """

    tiers: tuple[Tier, ...]
    flat_at_zero: bool = False

    def __post_init__(self) -> None:
        require_sound(self.tiers)

    @exact_arithmetic()
    def price(self, quantity: int) -> Priced:
        """Charge, for each tier entered, its units times its unit price, plus its flat amount."""
        if quantity == 0:
            return price_without_usage(self.tiers, flat_at_zero=self.flat_at_zero)
        steps = []
        first = 1
        for tier in self.tiers:
            last = quantity if tier.up_to is None else min(quantity, tier.up_to)
            steps.append(tier.step(first, last))
            if last == quantity:
                break
            first = last + 1
        return Priced(sum((step.amount for step in steps), ZERO), tuple(steps))
